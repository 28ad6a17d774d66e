"""What is wrong with the inputs, errors before warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from margin.model.problem import Severity
from margin.report.table.page import Page

if TYPE_CHECKING:
    from margin.model.run import MarginRun

LISTED_PROBLEMS = 50


def show_problems(page: Page, run: MarginRun) -> None:
    """Write the problems, each with its place and account; nothing where there are none."""
    if not run.problem_list:
        return
    ordered = sorted(run.problem_list, key=lambda problem: problem.severity is not Severity.ERROR)
    page.title("Problems")
    for problem in ordered[:LISTED_PROBLEMS]:
        style = "bold red" if problem.severity is Severity.ERROR else "bold yellow"
        account = f" (account {problem.account})" if problem.account else ""
        page.line((str(problem.severity), style), f"  {problem}{account}", indent=2)
    if len(ordered) > LISTED_PROBLEMS:
        page.line(f"… and {len(ordered) - LISTED_PROBLEMS:,} more; a JSON report has all of them.", indent=2)
