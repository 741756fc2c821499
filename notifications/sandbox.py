"""
Words of mails as staff write them: Django templates with a few tags and filters, that see what a mail's sample has.

There is no way to another template, to a file, to settings or to an object: values are copied into plain ones first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.template import Context, Engine, Template
from django.template.base import FilterExpression, Node, Variable, VariableNode
from django.template.defaulttags import ForNode, IfNode, WithNode
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from notifications.samples import Open, shown_to_words

_MISSING = "⟦missing⟧"
# Attributes that a value has beside its facts, such as a text's upper().
_METHODS = frozenset(name for kind in (dict, list, str, int) for name in dir(kind)) - {"items"}
# Written by the shop for the words to place: name -> its file, and the value it needs.
PARTS = {
    "greeting": ("_greeting", ""),
    "order_summary": ("_order", "order"),
    "goods": ("_goods", "items"),
}


@dataclass(frozen=True, kw_only=True)
class Words:
    """Three parts of a mail, as templates or as what came of them."""

    subject: str
    text: str
    html: str


class _Engine(Engine):
    """An engine without Django's own tags and filters, which could read files and mark text as safe."""

    default_builtins = ["notifications.templatetags.words"]


@cache
def _engine(*, html: bool, strict: bool) -> Engine:
    return _Engine(
        loaders=[("django.template.loaders.locmem.Loader", {})],
        autoescape=html,
        string_if_invalid=_MISSING if strict else "",
    )


def compile_part(source: str, *, html: bool, strict: bool = False) -> Template:
    """
    Return a part of a mail, ready to be written.

    :param strict: let what is missing show, to be found.
    :raises django.template.TemplateSyntaxError: it uses what isn't there, or isn't written right.
    """
    return Template(source, engine=_engine(html=html, strict=strict))


def write(mail: str, words: Words, context: Mapping[str, Any], *, strict: bool = False) -> Words:
    """
    Write a mail's three parts in the language that is active.

    :param context: the values of the shop's own templates; the words see those of the mail's sample.
    """

    def part(source: str, *, html: bool) -> str:
        values = {**shown_to_words(mail, context), **_parts(mail, context, html=html)}
        return compile_part(source, html=html, strict=strict).render(Context(values, autoescape=html))

    return Words(
        subject=part(words.subject, html=False),
        text=part(words.text, html=False),
        # The engine has escaped every value; the tags around them are staff's.
        html=mark_safe(part(words.html, html=True)),  # noqa: S308
    )


def is_missing(written: str) -> bool:
    """Tell whether something that was written strictly shows a value that isn't there."""
    return _MISSING in written


def unknown_in(template: Template, known: Mapping[str, Any]) -> list[str]:
    """Return what a part names that the mail doesn't have, sorted."""
    return sorted(set(_unknown(template.nodelist, known, frozenset({"forloop"}))))


def part_names(mail_values: Mapping[str, Any]) -> list[str]:
    """Return the parts written by the shop that a mail with these values can place."""
    return [name for name, (_, needs) in PARTS.items() if not needs or needs in mail_values]


def _parts(mail: str, context: Mapping[str, Any], *, html: bool) -> dict[str, str]:
    suffix = "html" if html else "txt"
    written = {}
    for name in part_names(context):
        values = {**context, "part": f"notifications/{PARTS[name][0]}.{suffix}"}
        part = render_to_string(f"notifications/_part.{suffix}", values).strip()
        # The shop's own HTML, whose values are escaped already: stripping has made a plain text of it.
        written[name] = mark_safe(part) if html else part  # noqa: S308
    return written


def _unknown(nodes: Any, known: Mapping[str, Any], local: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        names = local
        for expression in _expressions(node):
            yield from _strange(expression, known, local)
        if isinstance(node, ForNode):
            names = local | set(node.loopvars)
        elif isinstance(node, WithNode):
            names = local | set(node.extra_context)
        for inner in _inside(node):
            yield from _unknown(inner, known, names)


def _inside(node: Node) -> list[Any]:
    if isinstance(node, IfNode):
        return [nodes for _, nodes in node.conditions_nodelists]
    return [getattr(node, name) for name in node.child_nodelists if getattr(node, name, None)]


def _expressions(node: Any) -> Iterator[FilterExpression]:
    if isinstance(node, VariableNode):
        yield node.filter_expression
    elif isinstance(node, ForNode):
        yield cast("FilterExpression", node.sequence)
    elif isinstance(node, WithNode):
        yield from node.extra_context.values()
    elif isinstance(node, IfNode):
        for condition, _ in node.conditions_nodelists:
            yield from _of_condition(condition)


def _of_condition(condition: Any) -> Iterator[FilterExpression]:
    if condition is None:
        return
    value = getattr(condition, "value", None)
    if isinstance(value, FilterExpression):
        yield value
    for side in ("first", "second"):
        yield from _of_condition(getattr(condition, side, None))


def _strange(expression: FilterExpression, known: Mapping[str, Any], local: frozenset[str]) -> Iterator[str]:
    variables = [expression.var, *(arg for _, args in expression.filters for is_var, arg in args if is_var)]
    for variable in variables:
        if isinstance(variable, Variable) and variable.lookups and not _is_known(variable, known, local):
            yield str(variable.var)


def _is_known(variable: Variable, known: Mapping[str, Any], local: frozenset[str]) -> bool:
    first, *rest = variable.lookups or ()
    if _METHODS & set(rest):
        return False
    if first in local:
        return True
    if first not in known:
        return False
    value: Any = known[first]
    for name in rest:
        if isinstance(value, list) and name.isdigit():
            value = value[0] if value else None
        elif isinstance(value, Open):
            return True
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return False
    return True
