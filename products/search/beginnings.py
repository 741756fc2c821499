"""What a beginning of a word may go on as: known beforehand, so that PostgreSQL looks for whole words."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from products.search.terms import Group, Node, Term, quoted, written

# Of a beginning that goes on in more ways PostgreSQL gathers all itself: few letters, and few products have others.
MOST = 50
# No word has one: it parts those beginnings from the rest.
_APART = "\x00"
# One statement's part, without a plan of its own: the vocabulary is asked once, and the index then looks for words.
_EXPANDED = """(
    SELECT string_agg(COALESCE((
        SELECT CASE WHEN count(*) <= %s THEN '(' || string_agg(
            quote_literal(%s || rtrim(form.word, '*')) || CASE right(form.word, 1) WHEN '*' THEN ':*' ELSE '' END, ' | '
        ) || ')' END
        FROM (
            SELECT known.word FROM products_searchform AS known
            WHERE part.beginning <> '' AND known.word ~>=~ part.beginning
                AND known.word ~<~ (part.beginning || chr(1114111))
            ORDER BY known.word USING ~<~ LIMIT %s
        ) AS form
    ), part.said), '' ORDER BY part.place)
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS part (said, beginning, place)
)::tsquery"""


def form_of(word: str) -> str:
    """
    Return what is kept of a plain word for those who begin it in letters, or nothing.

    That is the word, or its first letters and a ``*`` where it goes on in digits: SKUs would fill the table.
    """
    letters = "".join(takewhile(str.isalpha, word))
    return letters if len(letters) == len(word) or not letters else f"{letters}*"


def sought(
    node: Node, *, mark: str = "", besides: str = "", from_index: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """
    Return the tsquery of a tree as SQL with its parameters.

    Of several words the beginnings are written out. The index gathers each product with a word that begins so, however
    few have the others too; of whole words it reads those of the rarest and skips through the rest. One word alone
    stays as it is: it is a constant then, and the planner knows how common that is.

    :param mark: what stands before each word in the index.
    :param besides: another tsquery, either of which is enough.
    :param from_index: that the planner shall not know it, and read the index whatever it is. Of a word that it knows as
        a common one it would rather read entry by entry, and parsing them takes the longer, the more shall be found.
    """
    front = f"{besides} | " if besides else ""
    if not from_index and not (isinstance(node, Group) and node.every):
        return "%s::tsquery", (
            front + written(node, lambda term: quoted(term, mark), both=" & ", either=" | "),
        )

    def written_out(term: Term) -> str:
        said = quoted(term, mark)
        return f"{_APART}{said}{_APART}{term.form}{_APART}" if term.prefix and term.form.isalpha() else said

    parts = f"{front}{written(node, written_out, both=' & ', either=' | ')}".split(_APART)
    # Text, then what a beginning is as it stands and the beginning itself, and text again.
    rows = [(said, "") for said in parts[::3]]
    for at, (said, beginning) in enumerate(zip(parts[1::3], parts[2::3], strict=True)):
        rows.insert(2 * at + 1, (said, beginning))
    said_of, beginnings = [said for said, _ in rows], [beginning for _, beginning in rows]
    return _EXPANDED, (MOST, mark, MOST + 1, said_of, beginnings)
