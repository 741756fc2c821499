"""The pages that a problem's ``type`` points to: what happened, and what to do next."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.api import errors, problems
from shop.core.errors import DomainError


@dataclass(frozen=True)
class Problem:
    """What the shop says about one code."""

    code: str
    title: str
    status: int
    happened: str
    remedy: str
    example: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the page as data."""
        return {
            "type": f"/problems/{self.code}/",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.happened,
            "remedy": self.remedy,
            "example": self.example,
        }


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """List every code that the API may answer."""
    known = [_problem(code) for code in _codes()]
    if not _wants_page(request):
        return JsonResponse({"problems": [problem.as_json() for problem in known]})
    return render(request, "api/problems.html", {"problems": known, "shop_name": settings.SHOP_NAME})


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one code, as a page to browsers and as JSON to everything else."""
    if code not in _codes():
        raise Http404
    problem = _problem(code)
    if not _wants_page(request):
        return JsonResponse(problem.as_json())
    example = json.dumps(problem.example, indent=2, ensure_ascii=False)
    context = {"problem": problem, "example": example, "shop_name": settings.SHOP_NAME}
    return render(request, "api/problem.html", context)


def _wants_page(request: HttpRequest) -> bool:
    return (
        request.get_preferred_type(["application/json", "application/problem+json", "text/html"])
        == "text/html"
    )


def _codes() -> list[str]:
    return sorted({*DomainError.registry, *problems.FRAMEWORK_PROBLEMS})


def _problem(code: str) -> Problem:
    if code in problems.FRAMEWORK_PROBLEMS:
        status, title, remedy = problems.FRAMEWORK_PROBLEMS[code]
        happened, facts = remedy, {}
    else:
        error = DomainError.registry[code]
        status, title, remedy = errors.status_of(code), error.title, error.remedy
        facts = dict(error.example)
        happened = string.Formatter().vformat(error.message, (), _Placeholders(facts))
    example = errors.body_of(code, title, happened, **facts)
    example["request_id"] = "7f3c0a4be1d24c6a9f0e5d8b2c713a64"
    return Problem(code=code, title=title, status=status, happened=happened, remedy=remedy, example=example)


class _Placeholders(dict[str, Any]):
    """The facts of an example; what it leaves out stands as its name, so that a message can always be shown."""

    def __missing__(self, name: str) -> str:
        return f"‹{name}›"
