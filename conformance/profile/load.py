"""Loading a profile by the name of a shipped one or from a file."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from drawplate.conformance.profile.explain import explain
from drawplate.conformance.profile.findings import Finding, refuse, suggest
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.variants import merge_variant
from drawplate.conformance.profile.yamltree import Tree, parse, read_text
from drawplate.emulators.problems import SetupProblem

_ENDINGS = (".yaml", ".yml")


def shipped() -> dict[str, Path]:
    """Give the file of each shipped profile by its name."""
    folder = Path(str(files("drawplate.fixtures") / "profiles"))
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        # Manifests lie beside the profiles that need them, as NAME.PURPOSE.yaml.
        if "." not in file.stem:
            found[file.stem] = file
    return found


def load(name_or_path: str) -> Profile:
    """Load a profile: a shipped name or a file, either with @VARIANT for another mode.

    Raises SetupProblem, which names file, line, key and cure of everything that is wrong.
    """
    file, variant = locate(name_or_path)
    text = read_text(file)
    return _read(parse(text, file), file, text, variant)[0]


def read_modes(file: Path) -> list[tuple[Profile, Tree]]:
    """Read a profile as it is and in each of its variants, each with its lines.

    Raises SetupProblem as `load` does.
    """
    text = read_text(file)
    tree = parse(text, file)
    modes = [_read(tree, file, text)]
    names = [variant.name for variant in modes[0][0].variants]
    return modes + [_read(tree, file, text, name) for name in names]


def _read(tree: Tree, file: Path, text: str, variant: str = "") -> tuple[Profile, Tree]:
    if not isinstance(tree.data, dict):
        what = "a profile is a mapping" + (", this file is empty" if tree.data is None else "")
        cure = "start from `drawplate profile init`, or copy a shipped profile"
        raise refuse(file, [Finding(what, cure, line=1)])
    profile = _validate(tree, file)
    if variant:
        names = [entry.name for entry in profile.variants]
        if variant not in names:
            what = f"the profile has no variant {variant!r}"
            cure = suggest(variant, names) if names else "leave out @VARIANT"
            raise refuse(file, [Finding(what, cure, path=("variants",))])
        tree = merge_variant(tree, names.index(variant))
        profile = _validate(tree, file)
    profile.bind(file.resolve(), hashlib.sha256(text.encode()).hexdigest(), variant)
    return profile, tree


def locate(name_or_path: str) -> tuple[Path, str]:
    """Find the file and the variant that NAME_OR_PATH[@VARIANT] means; the file may be missing.

    Raises SetupProblem for a name that is not shipped.
    """
    if Path(name_or_path).is_file():
        return Path(name_or_path), ""
    name, _, variant = name_or_path.partition("@")
    if name in shipped():
        return shipped()[name], variant
    if "/" in name or name.endswith(_ENDINGS) or Path(name).is_file():
        return Path(name), variant
    raise SetupProblem(
        f"there is no shipped profile {name!r}",
        where="the profile's name",
        cure=f"{suggest(name, list(shipped()))} For a file of your own, give a path with a /",
    )


def _validate(tree: Tree, file: Path) -> Profile:
    try:
        # JSON's strict rules are those of the file: lists for tuples, text for dates.
        return Profile.model_validate_json(json.dumps(tree.data), by_alias=True, by_name=False)
    except ValidationError as error:
        raise refuse(file, explain(error.errors(), tree)) from error
