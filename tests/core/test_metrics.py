import os
import subprocess
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path

from agents.base import Usage
from core import metrics


def test_model_calls_count_tokens_and_cost() -> None:
    used = Usage(100, 20, Decimal("0.25"), 1500, "completed")
    metrics.record_model_call("writer", "a-model", used)
    text = metrics.render().decode()
    assert 'proofroom_tokens_total{direction="input",model="a-model",service="writer"} 100.0' in text
    assert 'proofroom_cost_usd_total{model="a-model",service="writer"} 0.25' in text


def test_a_process_without_http_serves_its_own() -> None:
    metrics.record_publishing("x", "published")
    metrics.set_queue("threads", 3, 1.5)
    metrics.set_pool(in_use=1, idle=2)
    port, close = metrics.serve(0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    close()
    assert 'proofroom_queue_depth{queue="threads"} 3.0' in text


def test_one_process_answers_for_all(tmp_path: Path) -> None:
    """What `proofroom up` sets, so that the API's page shows the workers' counts too."""
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    count = "from core import metrics; metrics.record_advance('x', 'review', 0.2); metrics.record_request('GET', '/', 200, 0)"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=env, check=True)
    show = "from core import metrics; print(metrics.render().decode())"
    shown = subprocess.run(
        [sys.executable, "-c", show], env=env, check=True, capture_output=True, text=True
    ).stdout
    assert 'proofroom_graph_advance_seconds_count{outcome="review",platform="x"} 2.0' in shown
