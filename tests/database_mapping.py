"""A small mapping over the database of a shop: its customers, one group of whom is taken, and their addresses."""

MAPPING = """\
version: 1
name: acme
databases: { shop: "${LEGACY}" }
sources:
  customers: { table: oc_customer, database: shop }
SOURCES
lookups:
  group: { table: oc_group, database: shop, key: group_id, value: name }
stages:
  - name: user
    from: customers
    key: customer_code
    where: "{{ group_id | lookup('group') == 'retail' }}"
    fields:
      customer_code: "{{ customer_id }}"
      first_name: "{{ firstname }}"
      last_name: "LAST_NAME"
      email: "{{ email | lower }}"
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "JOINED"
      password: "{{ email | digest('md5') }}"
      password_algorithm: md5
  - name: address
    from: ADDRESSES
    key: "{{ KEY }}"
    refers: { customer_code: user }
    fields:
      customer_code: "{{ customer_id }}"
      email: "a@example.com"
      first_name: a
      last_name: b
      country: Türkiye
      city: "{{ CITY }}"
      township: Üsküdar
      line: e
"""


def database_mapping(sources, addresses, key, city, last_name="-", joined="2023-02-01 10:30:00"):
    """`sources`: a line of YAML for each beside the customers. The rows of `addresses` are addresses, with `key` and `city`."""
    found = MAPPING.replace("SOURCES", "\n".join(f"  {line}" for line in sources))
    parts = {"ADDRESSES": addresses, "KEY": key, "CITY": city, "LAST_NAME": last_name, "JOINED": joined}
    for name, part in parts.items():
        found = found.replace(name, part)
    return found
