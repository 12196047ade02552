"""Budgeting promises money: earmarks, decides, commits.

It promises each case all of its tranches or none, never above a line's ceiling (`earmarking`,
`domain`). It refuses by events with a reason: a line by `EarmarkRefused`, a decision by
`ApprovalRefused`, a person who is not entitled by `AccessRefused`.

- Who may give which command: `schemas`. Who may approve a given case: `Award.why_not_approvable`.
- When money runs out: `earmarking`, and `earmark_from_reserve_list` in `application`.
- When an application is withdrawn, before or after the finding: `note_withdrawal` there.
- When a message comes twice: what is on record stands (`Award.note_…`, `Earmark`); a position of
  a feed is followed once, and a command key is answered from the record.
- A new reason for a refusal: a guard in `award`, its code in `grant_contracts.reasons`.
"""
