"""polars expressions on all cores, and nothing is checked: polars itself writes the JSON."""

from __future__ import annotations

import polars as pl
import shop


def orders(source: str) -> pl.DataFrame:
    """The CSV as a frame with the payload's fields. A blank cell is read as null."""
    rows = pl.scan_csv(source, separator=";", infer_schema=False)
    return rows.select(
        number=pl.col("order_no"),
        user=pl.col("customer_code"),
        user_email=pl.col("email").str.to_lowercase(),
        status=pl.col("status").replace_strict(shop.STATUS),
        created_date=pl.col("ordered_at").str.to_datetime(shop.SOURCE_FORMAT).dt.strftime(shop.TARGET_FORMAT),
        amount=money("amount"),
        discount_amount=money("discount"),
        currency=pl.col("currency").replace_strict(shop.CURRENCY),
        payment_type=pl.col("payment_method"),
        bank=pl.col("bank").fill_null(""),
        installment_count=pl.col("installments").cast(pl.Int64),
        tracking_number=pl.col("tracking_no").fill_null(""),
        shipping_company=pl.col("carrier").replace_strict(shop.CARRIER),
        shipping_address=pl.col("shipping_address"),
        billing_address=pl.col("billing_address"),
        extra_field=pl.struct("note"),
    ).collect()


def money(column: str) -> pl.Expr:
    text = pl.col(column).str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return text.cast(pl.Float64)


def main() -> None:
    source, target = shop.paths()
    orders(source).write_json(target)


if __name__ == "__main__":
    main()
