"""The public list of operations as CSV, in the columns that Kohesio reads (domain § 11).

Names of natural persons never get here (R92). What this system does not know stays empty.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from io import StringIO

from grant_audit import queries
from grant_audit.case_file import CaseFile
from grant_audit.pages import CaseFiles
from grant_audit.queries import ApprovedOperation
from grant_values.money import format_euro

COLUMNS = (
    "Operation_Unique_Identifier",
    "Operation_Local_Identifier",
    "Operation_Name_Programme_Language",
    "Operation_Name_English",
    "Country",
    "Postal_Code",
    "Operation_Start_Date",
    "Operation_End_Date",
    "Cofinancing_Rate",
    "Total_Eligible_Expenditure_amount",
    "Total_Eligible_Expenditure_Currency",
    "Project_EU_Budget",
    "Beneficiary_Unique_Identifier",
    "Beneficiary_Name",
    "Location_Indicator_Postcode",
    "Location_Indicator_NUTS_code",
    "Location_Indicator_latitude_longitude",
    "Category_Of_Intervention",
    "Category_Label",
    "Thematic_Objective_ID",
    "Thematic_Objective_Label",
    "Policy_Objective_ID",
    "Policy_Objective_Label",
    "Fund_Code",
    "Fund_Name",
    "Programme_Code",
    "Programme_Name",
    "Region",
    "NUTS3_Code",
    "Programming_Period",
    "Operation_Summary_English",
    "Operation_Summary_Programme_Language",
    "ManagingAuthority",
)

# A programme's CCI begins with the first year of its period (2014DE05SFOP010).
_PERIODS = {
    "2014": ("2014-2020", "ESF", "European Social Fund"),
    "2021": ("2021-2027", "ESF+", "European Social Fund Plus"),
}


# Stands in the list of a demonstration only, so that it cannot be taken for a real one.
STAMP_COLUMN = "Data_Status"
STAMP = "demonstration"


def operations_list(store: CaseFiles, as_of: date, files: Iterable[CaseFile] | None = None) -> str:
    """The public list as of a day; that of a demonstration store is stamped in each row."""
    return operations_csv(
        queries.operations(store, as_of, files), demonstration=queries.is_demonstration(store)
    )


def operations_csv(operations: Iterable[ApprovedOperation], *, demonstration: bool = False) -> str:
    """The list by reference, the same text for the same operations on every machine."""
    text = StringIO()
    stamp = {STAMP_COLUMN: STAMP} if demonstration else {}
    writer = csv.DictWriter(text, [*COLUMNS, *stamp], restval="", lineterminator="\n")
    writer.writeheader()
    for operation in sorted(operations, key=lambda each: each.reference):
        writer.writerow({**_row(operation), **stamp})
    return text.getvalue()


def _row(operation: ApprovedOperation) -> Mapping[str, str]:
    period, fund_code, fund_name = _PERIODS.get(operation.programme_code[:4], ("", "ESF", ""))
    return {
        "Operation_Unique_Identifier": operation.reference,
        "Operation_Local_Identifier": "" if operation.number is None else str(operation.number),
        "Operation_Name_Programme_Language": operation.title,
        "Postal_Code": operation.postcode,
        "Operation_Start_Date": _day(operation.starts_on),
        "Operation_End_Date": _day(operation.ends_on),
        "Cofinancing_Rate": operation.cofinancing_rate,
        "Total_Eligible_Expenditure_amount": format_euro(operation.eligible_cents),
        "Total_Eligible_Expenditure_Currency": "EUR",
        "Project_EU_Budget": format_euro(operation.eu_cents),
        "Beneficiary_Unique_Identifier": operation.beneficiary_key,
        "Beneficiary_Name": operation.beneficiary_name,
        **_location(operation),
        "Category_Of_Intervention": operation.category_code,
        "Fund_Code": fund_code,
        "Fund_Name": fund_name,
        "Programme_Code": operation.programme_code,
        "Programme_Name": operation.programme_title,
        "Programming_Period": period,
        "Operation_Summary_Programme_Language": operation.summary,
        "ManagingAuthority": operation.authority,
    }


def _location(operation: ApprovedOperation) -> Mapping[str, str]:
    """One indicator at least, as the validator of the list wants (R93).

    Where there is no postcode the country stands for the place: its code is the NUTS code of
    level 0.
    """
    country = operation.land.partition("-")[0]
    if operation.postcode:
        return {"Country": country, "Location_Indicator_Postcode": operation.postcode}
    return {"Country": country, "Location_Indicator_NUTS_code": country}


def _day(day: date) -> str:
    return day.strftime("%d/%m/%Y")
