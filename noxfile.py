"""Sessions of the project: what CI runs, and what a contributor may run alone."""

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "unit", "bench", "cluster", "mutants"]
PYTHON = ".venv/bin/python"


def _pytest(session: nox.Session, *arguments: str) -> None:
    session.run(PYTHON, "-m", "pytest", *arguments, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.run(PYTHON, "-m", "ruff", "check", ".")
    session.run(PYTHON, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.run(PYTHON, "-m", "mypy")


@nox.session
def unit(session: nox.Session) -> None:
    """Run the tests that start neither a control plane nor a cluster."""
    _pytest(session, "-m", "not slow", "-n", "2")


@nox.session
def extra(session: nox.Session) -> None:
    """Run what `./run test` leaves out for its time: more on kind, in clusters, and in a vendor's CI."""
    _pytest(session, "-v", "-m", "extra")


@nox.session
def bench(session: nox.Session) -> None:
    """Certify the reference driver at the bench."""
    session.run(
        PYTHON,
        "-m",
        "drawplate.conformance.cli.main",
        "certify",
        "reference",
        "--height",
        "bench",
        *session.posargs,
    )


@nox.session
def cluster(session: nox.Session) -> None:
    """Certify the reference driver in a local cluster."""
    session.run(
        PYTHON,
        "-m",
        "drawplate.conformance.cli.main",
        "certify",
        "reference",
        "--height",
        "cluster",
        *session.posargs,
    )


@nox.session(default=False)
@nox.parametrize("gates", ["default", "all-beta", "all-alpha"])
@nox.parametrize("kubernetes", ["1.34", "1.35", "1.36", "1.37"])
def matrix(session: nox.Session, kubernetes: str, gates: str) -> None:
    """Certify the reference driver on one minor of Kubernetes with one set of gates.

    `nox -s "matrix(kubernetes='1.36', gates='default')"`; without the brackets on all of them.
    """
    session.run(
        PYTHON,
        "-m",
        "drawplate.conformance.cli.main",
        "certify",
        "reference",
        "--kubernetes",
        kubernetes,
        "--gates",
        gates,
        "--out",
        f"out/matrix/{kubernetes}-{gates}",
        *session.posargs,
    )


@nox.session
def mutants(session: nox.Session) -> None:
    """Show that every check can fail: the matrix mutants x requirements."""
    session.run(PYTHON, "-m", "drawplate.conformance.selftest.mutants.matrix", *session.posargs)


@nox.session
def protos(session: nox.Session) -> None:
    """Generate the gRPC code again; fails when the committed code differs."""
    session.run(PYTHON, "-m", "drawplate.driver.wire.generate")
    session.run(PYTHON, "-m", "drawplate.emulators.tpu.wire.generate")
    session.run("git", "diff", "--exit-code", "--", "driver/wire", "emulators/tpu/wire")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel and certify with it alone, in a clean environment outside the repository."""
    session.run(PYTHON, "-m", "drawplate.conformance.selftest.wheel", *session.posargs)


@nox.session(name="bench-speed")
def bench_speed(session: nox.Session) -> None:
    """Measure start-up, checks, claims and the drivers' calls; prints a table."""
    session.run(PYTHON, "-m", "drawplate.conformance.selftest.speed", *session.posargs)


@nox.session
def flakes(session: nox.Session) -> None:
    """Certify again and again in shuffled orders on one cluster; tells what was judged unlike."""
    session.run(PYTHON, "-m", "drawplate.conformance.selftest.flakes", *session.posargs)
