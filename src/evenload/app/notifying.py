"""What sends messages, as the settings have it."""

from evenload.app.settings import Settings
from evenload.net.notify import AppriseNotifier, DryRunNotifier, check_template
from evenload.service.messages.outbox import Policy
from evenload.service.people.rows import Way


def notifier_of(settings: Settings) -> AppriseNotifier | DryRunNotifier:
    """What sends messages; nothing leaves this machine where no service is set up, or the server only tries things."""
    for way, url in settings.notify_urls.items():
        check_template(f"notify_{way}_url", url)
    if settings.dry_run or not settings.notify_urls:
        return DryRunNotifier(settings.notify_file)
    return AppriseNotifier(settings.notify_urls, settings.notify_timeout_s)


def policy_of(settings: Settings) -> Policy:
    """What messages may go by, and who writes; where no service is set up, everything is tried."""
    return Policy(tuple(Way(one) for one in settings.notify_urls) or tuple(Way), settings.notify_sender)
