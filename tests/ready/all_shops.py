"""Every shop that a mapping is shipped for."""

from magento import MAGENTO_1, MAGENTO_2
from opencart import OPENCART_3, OPENCART_4, OPENCART_15, OPENCART_23
from oscommerce import OSCOMMERCE, ZENCART
from prestashop import PRESTASHOP_8, PRESTASHOP_16
from shopify_admin import SHOPIFY_ADMIN, SHOPIFY_JSON
from shopify_exports import SHOPIFY
from woocommerce import WOOCOMMERCE, WOOCOMMERCE_HPOS
from woocommerce_rest import WOOCOMMERCE_REST

SHOPS = (
    OPENCART_3, OPENCART_15, OPENCART_23, OPENCART_4, WOOCOMMERCE, WOOCOMMERCE_HPOS, PRESTASHOP_16, PRESTASHOP_8, MAGENTO_1,
    MAGENTO_2, OSCOMMERCE, ZENCART,
)  # fmt: skip
"""The first is the one that is also read live, and that is tried with every choice, when all of them would take too long."""

OFFERED = (WOOCOMMERCE_REST, SHOPIFY, SHOPIFY_ADMIN, SHOPIFY_JSON)
"""Those that give out no tables."""
