"""Telling the systems that comments come from what was decided.

A decision and the row that owes its owner the news are one transaction (`owing`). A worker claims the first row of a
comment for a while (`claiming`), tells the publisher without holding any transaction, and notes what came of it
(`settling`). What operators ask and do is in `overview` and `steering`.

    decision ──▶ waiting ──claim──▶ told ──2xx──▶ delivered
                  ▲   ▲               │
        enable ───┤   └──── later ────┤ fails ──▶ superseded   a newer decision waits
                 held ◀── disabled ───┘       └─▶ failed       for 3 days

The decisions on a comment are told one after the other. One that could not be delivered gives way to a newer one as
soon as there is one: none is ever told after a newer one.
"""
