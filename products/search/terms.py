"""What is looked for, as a tree of words, and how each database writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Term:
    """One form of a word; with ``prefix`` also what begins with it."""

    form: str
    prefix: bool = False


@dataclass(frozen=True)
class Group:
    """Several at once, or where ``every`` is false one of several."""

    parts: tuple[Node, ...]
    every: bool


Node: TypeAlias = Term | Group


def all_of(*parts: Node) -> Node:
    """Return what has all of these."""
    return parts[0] if len(parts) == 1 else Group(parts, every=True)


def any_of(*parts: Node) -> Node:
    """Return what has one of these."""
    flat = (inner.parts if isinstance(inner, Group) and not inner.every else (inner,) for inner in parts)
    different = tuple(dict.fromkeys(part for group in flat for part in group))
    return different[0] if len(different) == 1 else Group(different, every=False)


def written(node: Node, term: Callable[[Term], str], *, both: str, either: str) -> str:
    """Return a tree in a language that knows parentheses."""
    if isinstance(node, Term):
        return term(node)
    parts = (written(part, term, both=both, either=either) for part in node.parts)
    return f"({(both if node.every else either).join(parts)})"


def tsquery(node: Node, *, mark: str = "", weights: str = "") -> str:
    """
    Return PostgreSQL's form, to be cast and not parsed: the words are what they are.

    :param mark: what stands before each word in the index, see ``entries``.
    """
    return written(node, lambda term: quoted(term, mark, weights), both=" & ", either=" | ")


def quoted(term: Term, mark: str = "", weights: str = "") -> str:
    """Return one word of a tsquery."""
    # Plain words have no quote and no backslash.
    options = f"{'*' if term.prefix else ''}{weights}"
    return f"'{mark}{term.form}'{f':{options}' if options else ''}"


def fts5(node: Node, *, columns: str = "") -> str:
    """Return SQLite's form."""

    def term(one: Term) -> str:
        return f'"{one.form}"{" *" if one.prefix else ""}'

    said = written(node, term, both=" AND ", either=" OR ")
    return f"{{{columns}}} : ({said})" if columns else said
