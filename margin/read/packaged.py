"""Where the numbers that come with the package lie: beside it in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

_LANDMARK = Path("houses") / "none.yaml"


def configs_folder(package: Path | None = None) -> Path:
    """The folder ``configs`` of this installation.

    Args:
        package: Folder of the package ``margin``; default this one.

    Returns:
        ``margin/configs`` of an installed wheel, or ``configs`` beside the package in a checkout.

    Raises:
        FileNotFoundError: The installation lacks the folder.
    """
    package = Path(__file__).resolve().parent.parent if package is None else package
    candidates = (package / "configs", package.parent / "configs")
    for folder in candidates:
        # Beside an installed package a folder of this name may be anybody's.
        if (folder / _LANDMARK).is_file():
            return folder
    looked = " or ".join(str(folder) for folder in candidates)
    raise FileNotFoundError(
        f"this installation lacks its configs folder (looked for {looked}); install the package again"
    )
