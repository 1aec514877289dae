"""The report as one HTML page that needs nothing but itself."""

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from drawplate.reports.folder import REPORT
from drawplate.reports.html.coverage import draw_coverage
from drawplate.reports.html.excerpts import Excerpts
from drawplate.reports.html.matrix import arrange
from drawplate.reports.html.overview import contents, figures, notices
from drawplate.reports.html.stories import tell_stories
from drawplate.reports.html.timings import phases, slowest
from drawplate.reports.html.words import LOOKS, look
from drawplate.reports.model import Report
from drawplate.reports.plain import clip, duration, visible
from drawplate.reports.tally import heights, sentence

_TEMPLATES = Path(__file__).parent / "templates"
# A message of a driver may be megabytes long; the whole text stands in report.json.
_LONGEST = 6_000


def render_page(report: Report, folder: Path) -> str:
    """Give the page of the report whose evidence lies in `folder`.

    The same report and evidence give the same page, whenever and wherever it is made.
    """
    excerpts = Excerpts(folder)
    stories = tell_stories(report, excerpts)
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        sentence=sentence(report),
        figures=figures(report),
        notices=notices(report),
        contents=contents(report, stories),
        coverage=draw_coverage(report),
        heights=heights(report),
        groups=arrange(report),
        ids={entry.id for entry in report.requirements},
        used={look(entry) for entry in report.requirements},
        stories=stories,
        phases=phases(report),
        slowest=slowest(report),
        digest=_digest(folder / REPORT),
        **_assets(),
    )


def _finalize(value: object) -> object:
    """Make every text that a template shows safe to look at; escaping follows it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return clip(visible(value), _LONGEST)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(duration=duration, moment=_moment, short=_short)
    environment.globals.update(looks=LOOKS, look=look)
    return environment


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _short(digest: str) -> str:
    """Shorten a digest as people compare it."""
    kind, _, value = digest.rpartition(":")
    return f"{kind}:{value[:12]}" if kind else value[:12]


def _digest(path: Path) -> str:
    try:
        return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@cache
def _assets() -> dict[str, Any]:
    """Give style and script, and the hashes by which the page permits these two and no other."""
    assets: dict[str, Any] = {}
    for name, file in (("style", "style.css"), ("script", "filter.js")):
        text = (_TEMPLATES / file).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        # Our own packaged files: nothing of a report gets into them.
        assets[name] = Markup(text)  # noqa: S704
        assets[f"{name}_hash"] = f"sha256-{digest}"
    return assets
