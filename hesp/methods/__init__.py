"""Methods: what turns a backbone's features into raw scores."""

from hesp.clip import Backbone
from hesp.errors import MethodError
from hesp.methods.base import Method
from hesp.methods.zero_shot import ZeroShot

METHODS: tuple[str, ...] = ("zero-shot",)


def build_method(name: str, backbone: Backbone) -> Method:
    """The method of this name on a backbone.

    Raises:
        MethodError: there is no such method.
    """
    if name not in METHODS:
        raise MethodError(f"There is no method {name!r}; use {', '.join(METHODS)}.")
    return ZeroShot(backbone)


__all__ = ["METHODS", "Method", "ZeroShot", "build_method"]
