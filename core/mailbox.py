"""Addresses of mailboxes, as mail is sent to them."""

from email_validator import EmailNotValidError, validate_email


def ascii_address(given: str) -> str:
    """Its domain in the notation of the DNS. Raises ValueError: also for what only mail servers of the new kind (SMTPUTF8)
    would take."""
    try:
        found = validate_email(
            given.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    assert found.ascii_email is not None, "what is not ASCII is not allowed"
    return found.ascii_email
