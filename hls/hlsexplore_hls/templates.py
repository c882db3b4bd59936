"""The templates from which files are generated."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(package: str, name: str) -> Template:
    """Return a template; rendering it is an error where a name has no value.

    Args:
        package: Package below this one with the folder `templates`, such as `cpp`.
        name: File in that folder.
    """
    return _environment(package).get_template(name)


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(f"hlsexplore_hls.{package}", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
