"""`proofroom bounce`: a mail server hands over what came back."""

import sys
from typing import Final

import typer

from cli import options
from cli.client import connect
from core.errors import ProofroomError

_TRY_AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and comes again."""


def bounce(url: options.Url = None, api_key: options.ApiKey = None, data_dir: options.DataDir = None) -> None:
    """Take a mail from standard input: a mail server's report of a newsletter that did not arrive. Anything else is let
    pass. Exit code 75, for the mail server to try again, whenever the service has not taken it."""
    message = sys.stdin.buffer.read()
    try:
        client = connect(url, api_key, data_dir)
        client.exchange("POST", "/v1/bounces", {"Content-Type": "message/rfc822"}, iter((message,)))
    except (ProofroomError, OSError) as error:
        print(f"proofroom: {error}", file=sys.stderr)
        raise typer.Exit(_TRY_AGAIN) from error
