"""Each sentence of a draft leads back to the words of the source that it rests on."""

import re
from uuid import uuid4

import pytest

from agents.base import Beginning, Remark, Source
from tests.plugins.scene import Scene
from tests.plugins.web import Visitor, wait

TEXT = (
    "Tea is brewed for 3 minutes.\n\n"
    + "It has been so for a long time. " * 15
    + "\n\nCoffee takes 4 <b>minutes</b>."
)
PLACES = (
    Beginning(at=0, kind="page", label="1"),
    Beginning(at=TEXT.index("Coffee"), kind="time", seconds=3760.5),
)
FILE = uuid4()
SOURCE = Source(type="file", text=TEXT, title="Drinks", id=FILE, places=PLACES)
DRAFT = "Tea is brewed for 3 minutes. Coffee takes 4 <b>minutes</b>. Water is blue and cold everywhere."
CLAIM = Remark(quote="Water is blue and cold everywhere.", instruction="Remove the water.")


@pytest.mark.parametrize("platform", ["linkedin", "blog"])
async def test_sentences_lead_to_their_passages_and_claims_are_marked(
    ada: Visitor, scene: Scene, platform: str
) -> None:
    scene.words.claims = (CLAIM,)
    (address,) = await wait(scene, platform, texts=(DRAFT,) * 3, source=SOURCE)
    html = await ada.see(address)
    assert re.search(r'<span data-ground="ground-1">Tea is brewed for 3 minutes\.</span>', html)
    assert html.count('data-ground="ground-2"') >= 1
    ground = re.search(r'(?s)<li id="ground-2".*?</li>', html)
    assert ground is not None
    assert "Coffee takes 4 &lt;b&gt;minutes&lt;/b&gt;." in ground[0]
    assert "1:02:40" in ground[0]
    assert f'href="/library/files/{FILE}#at=3760.5"' in ground[0]
    assert f'<a href="/library/files/{FILE}">Drinks</a>' in html
    linked = re.search(r'href="#(passage-\d+)"', ground[0])
    assert linked is not None
    passage = re.search(rf'(?s)<p class="passage" id="{linked[1]}" tabindex="-1">(.*?)</p>', html)
    assert passage is not None
    assert passage[1].endswith("Coffee takes 4 &lt;b&gt;minutes&lt;/b&gt;.")
    assert '<p class="place muted">page 1</p>' in html
    assert f'<mark data-claim="claim-1">{CLAIM.quote}</mark><sup class="note" id="in-text-claim-1">' in html
    assert "nothing in the source says this" in html
    assert "Remove the water." in html
