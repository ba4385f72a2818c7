CREATE TABLE wp_wc_orders (id bigint(20) unsigned NOT NULL PRIMARY KEY, status varchar(20) DEFAULT NULL, currency varchar(10) DEFAULT NULL,
  type varchar(20) DEFAULT NULL, tax_amount decimal(26,8) DEFAULT NULL, total_amount decimal(26,8) DEFAULT NULL,
  customer_id bigint(20) unsigned DEFAULT NULL, billing_email varchar(320) DEFAULT NULL, date_created_gmt datetime DEFAULT NULL,
  date_updated_gmt datetime DEFAULT NULL, parent_order_id bigint(20) unsigned DEFAULT NULL, payment_method varchar(100) DEFAULT NULL,
  payment_method_title text DEFAULT NULL, transaction_id varchar(100) DEFAULT NULL, ip_address varchar(100) DEFAULT NULL,
  user_agent text DEFAULT NULL, customer_note text DEFAULT NULL) DEFAULT CHARSET=utf8mb4;
CREATE TABLE wp_wc_order_addresses (id bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id bigint(20) unsigned NOT NULL,
  address_type varchar(20) DEFAULT NULL, first_name text DEFAULT NULL, last_name text DEFAULT NULL, company text DEFAULT NULL,
  address_1 text DEFAULT NULL, address_2 text DEFAULT NULL, city text DEFAULT NULL, state text DEFAULT NULL, postcode text DEFAULT NULL,
  country text DEFAULT NULL, email varchar(320) DEFAULT NULL, phone varchar(100) DEFAULT NULL) DEFAULT CHARSET=utf8mb4;
CREATE TABLE wp_wc_order_operational_data (id bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id bigint(20) unsigned DEFAULT NULL,
  created_via varchar(100) DEFAULT NULL, order_key varchar(100) DEFAULT NULL, shipping_tax_amount decimal(26,8) DEFAULT NULL,
  shipping_total_amount decimal(26,8) DEFAULT NULL, discount_tax_amount decimal(26,8) DEFAULT NULL,
  discount_total_amount decimal(26,8) DEFAULT NULL) DEFAULT CHARSET=utf8mb4;
CREATE TABLE wp_wc_orders_meta (id bigint(20) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id bigint(20) unsigned DEFAULT NULL,
  meta_key varchar(255) DEFAULT NULL, meta_value text DEFAULT NULL) DEFAULT CHARSET=utf8mb4;
