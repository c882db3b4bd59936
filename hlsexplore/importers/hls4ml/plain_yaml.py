"""YAML of hls4ml as plain data: tags and dumps of Python objects are read as what they hold, and nothing is built."""

from typing import Any

from hlsexplore.errors import ModelError

MAX_BYTES = 64 << 20


def plain_yaml(text: str, label: str) -> dict[str, Any]:
    """Read a configuration that hls4ml wrote.

    Args:
        text: YAML; unknown tags such as `!keras_model` and `!!python/object` give the map, list or text behind them.
        label: Name of the file, for messages.

    Raises:
        ModelError: If the text is no YAML that holds keys with values.
    """
    import yaml

    class Plain(yaml.SafeLoader):
        """Builds maps, lists and texts, whatever tag they have."""

    def build(loader: Any, suffix: str, node: Any) -> Any:
        match node:
            case yaml.MappingNode():
                return {
                    str(loader.construct_object(k, deep=True)): loader.construct_object(v, deep=True)
                    for k, v in node.value
                }
            case yaml.SequenceNode():
                return [loader.construct_object(item, deep=True) for item in node.value]
            case _:
                return node.value

    Plain.add_multi_constructor("!", build)
    Plain.add_multi_constructor("tag:yaml.org,2002:python/", build)
    if len(text) > MAX_BYTES:
        raise ModelError(f"{label!r} is larger than {MAX_BYTES >> 20} MB; hls4ml writes no such configuration.")
    try:
        data = yaml.load(text, Loader=Plain)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise ModelError(f"{label!r} is not valid YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(data, dict):
        raise ModelError(f"{label!r} must hold keys with values, as hls4ml_config.yml does.")
    return data
