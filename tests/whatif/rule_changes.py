"""Changes of rules that are asked about and then played: a rate, days, a closed list, rules."""

from __future__ import annotations

RATE = """
[money]
esf_rate = "0.4"
grant_rates = [{ kind = "*", rate = "0.4", source = "test" }]
"""
DEADLINE = """
[[rules]]
id = "eligible_from"
parameters = { date = "2015-06-01" }
"""
END_OF_PROGRAMME = """
[[rules]]
id = "within_programme_end"
version = "1"
parameters = { date = "2017-03-31" }
source = "test"
"""
CLOSED_LIST = """
[[rules]]
id = "addressee_kind"
version = "1"
parameters = { kinds = ["legal_entity", "organisation"] }
source = "test"
"""
RULE_REMOVED = 'without_rules = ["not_funded_before"]'
LEGAL_DAYS = """
[decision.remedy]
months = 2
[[decision.announcement]]
valid_from = "1977-01-01"
days = 4
shift_to_working_day = false
source = "test"
"""
RATE_OF_A_KIND = """
[money]
esf_rate = "0.3"
[[money.grant_rates]]
kind = "withheld"
rate = "0.3"
source = "test"
[[money.grant_rates]]
kind = "legal_entity"
rate = "0.5"
source = "test"
"""

CHANGES = {
    "a lower rate": RATE,
    "another first day": DEADLINE,
    "a rule is added, with a last day": END_OF_PROGRAMME,
    "a rule is added, with a closed list": CLOSED_LIST,
    "a rule is removed": RULE_REMOVED,
    "other legal days": LEGAL_DAYS,
    "no rate for some kinds": RATE_OF_A_KIND.replace('"0.5"', '"0.3"'),
}
