"""Opts a VEN makes: said until the VTN has them, and taken back."""

from collections.abc import Callable

from msgspec.structs import replace

from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import Keeper, Table
from evenload.openadr.v20b.messages import CancelOpt, CreateOpt
from evenload.openadr.v20b.ven_records import OwnOpt


class OwnOpts:
    """Opts by id."""

    def __init__(self, keeper: Keeper, new_id: Callable[[], str]) -> None:
        self._opts = Table(keeper, "own_opt", OwnOpt)
        self._new_id = new_id

    def put(self, opt: CreateOpt) -> str:
        """Say an opt; returns its id."""
        self._opts.put(opt.opt_id, OwnOpt(opt=opt))
        return opt.opt_id

    def cancel(self, opt_id: str) -> None:
        """Take an opt back."""
        own = self._opts.get(opt_id)
        if own is None:
            raise ProtocolError(Code.INVALID_ID, f"opt {opt_id!r} is not known here")
        cancel = CancelOpt(request_id=self._new_id(), opt_id=opt_id, ven_id=own.opt.ven_id)
        self._opts.put(opt_id, replace(own, cancel=cancel))

    def unsaid(self) -> CreateOpt | CancelOpt | None:
        """What is to be said next, if anything."""
        for own in self._opts:
            if not own.is_known:
                return own.opt
            if own.cancel is not None:
                return own.cancel
        return None

    def heard(self, message: CreateOpt | CancelOpt) -> None:
        """The VTN has an opt, or has taken it back."""
        own = self._opts.get(message.opt_id)
        if isinstance(message, CancelOpt):
            self._opts.drop(message.opt_id)
        elif own is not None:
            self._opts.put(message.opt_id, replace(own, is_known=True))

    def refused(self, message: CreateOpt | CancelOpt) -> None:
        """The VTN will not have it; to say it again would not help."""
        self._opts.drop(message.opt_id)
