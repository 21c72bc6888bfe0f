"""Projects, templates, resources, the profile."""

import asyncio
from collections import Counter

import pytest

from tests.plugins.api import Api

PROMPT = "Write about {topic} for {audience}. {{Not a placeholder}}"


async def test_a_project_lives_its_life(api: Api) -> None:
    user = await api.user()
    made = await user.post("/v1/projects", json={"title": " Spring ", "description": "May"})
    assert made.status_code == 201
    project = made.json()
    assert (project["title"], project["description"]) == ("Spring", "May")
    path = f"/v1/projects/{project['id']}"
    renamed = (await user.patch(path, json={"title": "Summer"})).json()
    assert (renamed["title"], renamed["description"]) == ("Summer", "May")
    assert renamed["updated_at"] > project["updated_at"]
    assert (await user.patch(path, json={"description": None})).json()["description"] is None
    assert (await user.patch(path, json={"title": None})).status_code == 422
    assert (await user.patch(path, json={})).json()["title"] == "Summer"
    deleted = await asyncio.gather(*(user.delete(path) for _ in range(3)))
    assert {answer.status_code for answer in deleted} <= {204, 404}
    gone = await user.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, "NotFound")


async def test_shipped_templates_are_for_everybody_and_read_only(api: Api) -> None:
    user = await api.user()
    templates = (await user.get("/v1/templates")).json()["items"]
    counts = Counter(template["type"] for template in templates)
    assert counts.keys() == {"blog", "linkedin", "twitter", "instagram", "email"}
    assert min(counts.values()) >= 2
    assert "Thread" in {template["name"] for template in templates if template["type"] == "twitter"}
    assert not any(template["is_custom"] for template in templates)
    assert all(template["placeholders"] for template in templates)
    path = f"/v1/templates/{templates[0]['id']}"
    for answer in (await user.patch(path, json={"name": "mine"}), await user.delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (403, "TemplateReadOnly")


async def test_a_template_lives_its_life(api: Api) -> None:
    user = await api.user()
    made = await user.post("/v1/templates", json={"name": "Mine", "type": "blog", "prompt": PROMPT})
    assert made.status_code == 201
    template = made.json()
    assert template["placeholders"] == ["topic", "audience"]
    assert template["is_custom"] is True
    path = f"/v1/templates/{template['id']}"
    shown = await user.post(f"{path}/preview", json={"template_input": {"topic": "tea", "audience": "us"}})
    assert shown.json() == {"prompt": "Write about tea for us. {Not a placeholder}"}
    changed = await user.patch(path, json={"prompt": "Just {topic}"})
    assert changed.json()["placeholders"] == ["topic"]
    of_type = (await user.get("/v1/templates?type=blog")).json()["items"]
    assert template["id"] in {item["id"] for item in of_type}
    assert {item["type"] for item in of_type} == {"blog"}
    assert (await user.delete(path)).status_code == 204


async def test_template_names_are_taken_once_for_each_user(api: Api) -> None:
    user = await api.user()
    colleague = await api.member(user, "editor")
    body = {"name": "Mine", "type": "blog", "prompt": "{topic}"}
    assert (await user.post("/v1/templates", json=body)).status_code == 201
    taken = await user.post("/v1/templates", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "TemplateNameTaken")
    assert (await colleague.post("/v1/templates", json=body)).status_code == 201


@pytest.mark.parametrize(
    "prompt", ["{topic", "topic}", "{}", "{0}", "{Topic}", "{topic!r}", "{topic:>9}", "{topic.real}", "{a b}"]
)
async def test_broken_placeholders_are_refused(api: Api, prompt: str) -> None:
    user = await api.user()
    answer = await user.post("/v1/templates", json={"name": "Mine", "type": "blog", "prompt": prompt})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/prompt"


async def test_template_input_must_fit(api: Api) -> None:
    user = await api.user()
    made = await user.post("/v1/templates", json={"name": "Mine", "type": "blog", "prompt": PROMPT})
    path = f"/v1/templates/{made.json()['id']}/preview"
    answer = await user.post(path, json={"template_input": {"topic": " ", "tone/x": "warm"}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/template_input/topic",
        "/template_input/audience",
        "/template_input/tone~1x",
    ]
    assert "topic, audience" in answer.json()["remedy"]


async def test_a_shipped_template_is_copied_and_then_changed(api: Api) -> None:
    user = await api.user()
    shipped = (await user.get("/v1/templates?type=twitter")).json()["items"][0]
    path = f"/v1/templates/{shipped['id']}/copies"
    made = await user.post(path, json={"name": "Ours"})
    assert made.status_code == 201, made.text
    copied = made.json()
    assert (copied["name"], copied["type"], copied["prompt"], copied["is_custom"]) == (
        "Ours",
        "twitter",
        shipped["prompt"],
        True,
    )
    names = [(await user.post(path, json={})).json()["name"] for _ in range(2)]
    assert names == [f"{shipped['name']} (copy)", f"{shipped['name']} (copy 2)"]
    again = await user.post(path, json={"name": "Ours"})
    assert (again.status_code, again.json()["code"]) == (409, "TemplateNameTaken")
    changed = await user.patch(f"/v1/templates/{copied['id']}", json={"prompt": "On {topic}"})
    assert changed.json()["placeholders"] == ["topic"]
    assert (await user.get(f"/v1/templates/{shipped['id']}")).json()["prompt"] == shipped["prompt"]


async def test_a_prompt_is_previewed_with_what_there_is(api: Api) -> None:
    user = await api.user()
    shown = await user.post(
        "/v1/templates/preview", json={"prompt": PROMPT, "input": {"topic": "tea", "x": "y"}}
    )
    assert shown.json() == {
        "prompt": "Write about tea for {audience}. {Not a placeholder}",
        "placeholders": ["topic", "audience"],
        "missing": ["audience"],
    }
    made = await user.post("/v1/templates", json={"name": "Mine", "type": "blog", "prompt": "On {topic}"})
    kept = await user.post("/v1/templates/preview", json={"template_id": made.json()["id"]})
    assert (kept.json()["prompt"], kept.json()["missing"]) == ("On {topic}", ["topic"])
    for wrong in ({}, {"prompt": "x", "template_id": made.json()["id"]}, {"prompt": "{Topic}"}):
        assert (await user.post("/v1/templates/preview", json=wrong)).status_code == 422


async def test_braces_in_the_input_stay_as_they_are(api: Api) -> None:
    user = await api.user()
    made = await user.post("/v1/templates", json={"name": "Mine", "type": "blog", "prompt": "On {topic}"})
    path = f"/v1/templates/{made.json()['id']}/preview"
    answer = await user.post(path, json={"template_input": {"topic": "{topic} {0.__class__}"}})
    assert answer.json() == {"prompt": "On {topic} {0.__class__}"}


async def test_a_resource_lives_its_life(api: Api) -> None:
    user = await api.user()
    body = {
        "type": "style_sample",
        "content": "We ship on Fridays. مرحبا 🎉",
        "metadata": {"tags": ["voice"]},
    }
    made = await user.post("/v1/resources", json=body)
    assert made.status_code == 201
    resource = made.json()
    assert {name: resource[name] for name in body} == body
    path = f"/v1/resources/{resource['id']}"
    changed = (await user.patch(path, json={"metadata": {"title": "Voice"}})).json()
    assert (changed["metadata"], changed["content"]) == ({"title": "Voice"}, body["content"])
    assert (await user.get("/v1/resources?type=image")).json()["items"] == []
    assert len((await user.get("/v1/resources?type=style_sample")).json()["items"]) == 1
    assert (await user.get("/v1/resources?type=poem")).status_code == 422
    assert (await user.delete(path)).status_code == 204


async def test_everybody_has_a_profile_of_their_own(api: Api) -> None:
    user = await api.user()
    viewer = await api.member(user, "viewer")
    body = {"name": "Ada", "preferences": {"theme": "dark"}, "tone_of_voice": "dry"}
    put = await user.put("/v1/profile", json=body)
    assert {name: put.json()[name] for name in body} == body
    assert (await viewer.get("/v1/profile")).json()["name"] is None
    assert (await viewer.put("/v1/profile", json={"name": "Grace"})).json()["preferences"] == {}
    assert (await user.get("/v1/profile")).json()["name"] == "Ada"
