"""Words of the call machine."""

from evenload.ocpp.events import AnswerRefusal, CallFailure, CallRefusal


def test_every_reason_has_a_sentence_of_its_own() -> None:
    reasons = [*CallRefusal, *CallFailure, *AnswerRefusal]
    assert len({reason.sentence for reason in reasons}) == len(reasons)
