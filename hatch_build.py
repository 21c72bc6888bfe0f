"""Refuses to make a wheel without the browser's libraries: its pages would not work."""

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserLibraries(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # reads them where they are, once they are there
            return
        web = Path(self.root, "web")
        wanted = json.loads(web.joinpath("package.json").read_text())["dependencies"]
        missing = [
            name for name in wanted if not web.joinpath("static/vendor", f"{name}.LICENSE.txt").exists()
        ]
        if missing:
            raise FileNotFoundError(
                f"web/static/vendor lacks {', '.join(missing)}; run scripts/browser-libraries"
            )
