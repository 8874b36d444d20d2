"""asyncio SDK for CDEK's parcel API v2 that awaits the truth."""

from typing import TYPE_CHECKING

from cdek_async._version import __version__ as __version__

if TYPE_CHECKING:
    from cdek_async._public import *  # noqa: F403 - its __all__ says which
else:

    def __getattr__(name: str) -> object:
        """Load the public names when one is first used: the command line's --help needs none of them."""
        if name == "__all__" or not name.startswith("_"):
            from cdek_async import _public  # noqa: PLC0415 - then, and not before

            if hasattr(_public, name):
                return getattr(_public, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Name what there is, for who explores."""
        from cdek_async import _public  # noqa: PLC0415 - then, and not before

        return _public.__all__
