CREATE TABLE {order} (entity_id int(10) unsigned NOT NULL PRIMARY KEY, status varchar(32) DEFAULT NULL, store_id smallint DEFAULT NULL,
  customer_id int(10) unsigned DEFAULT NULL, grand_total decimal(20,4) DEFAULT NULL, discount_amount decimal(20,4) DEFAULT NULL,
  shipping_incl_tax decimal(20,4) DEFAULT NULL, tax_amount decimal(20,4) DEFAULT NULL, total_refunded decimal(20,4) DEFAULT NULL,
  customer_is_guest smallint DEFAULT NULL, increment_id varchar(50) DEFAULT NULL, customer_email varchar(128) DEFAULT NULL,
  customer_firstname varchar(128) DEFAULT NULL, customer_lastname varchar(128) DEFAULT NULL, order_currency_code varchar(3) DEFAULT NULL,
  remote_ip varchar(45) DEFAULT NULL, x_forwarded_for varchar(255) DEFAULT NULL, shipping_method varchar(120) DEFAULT NULL,
  shipping_description varchar(255) DEFAULT NULL, protect_code varchar(255) DEFAULT NULL, created_at timestamp NULL) DEFAULT CHARSET=utf8;
CREATE TABLE {order}_item (item_id int(10) unsigned NOT NULL PRIMARY KEY, order_id int(10) unsigned NOT NULL,
  parent_item_id int(10) unsigned DEFAULT NULL, product_type varchar(255) DEFAULT NULL, product_options text DEFAULT NULL,
  sku varchar(255) DEFAULT NULL, name varchar(255) DEFAULT NULL, qty_ordered decimal(12,4) DEFAULT NULL, price decimal(12,4) NOT NULL,
  price_incl_tax decimal(20,4) DEFAULT NULL, row_total decimal(20,4) NOT NULL, row_total_incl_tax decimal(20,4) DEFAULT NULL)
  DEFAULT CHARSET=utf8;
CREATE TABLE {order}_address (entity_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id int(10) unsigned DEFAULT NULL,
  address_type varchar(255) DEFAULT NULL, firstname varchar(255) DEFAULT NULL, lastname varchar(255) DEFAULT NULL,
  company varchar(255) DEFAULT NULL, street varchar(255) DEFAULT NULL, postcode varchar(255) DEFAULT NULL, city varchar(255) DEFAULT NULL,
  region varchar(255) DEFAULT NULL, country_id varchar(2) DEFAULT NULL) DEFAULT CHARSET=utf8;
CREATE TABLE {order}_payment (entity_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id int(10) unsigned NOT NULL,
  method varchar(128) DEFAULT NULL, cc_number_enc varchar(128) DEFAULT NULL, cc_last_4 varchar(100) DEFAULT NULL,
  additional_information text DEFAULT NULL) DEFAULT CHARSET=utf8;
CREATE TABLE {shipment}_track (entity_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id int(10) unsigned NOT NULL,
  track_number text DEFAULT NULL, title varchar(255) DEFAULT NULL, carrier_code varchar(32) DEFAULT NULL) DEFAULT CHARSET=utf8;
CREATE TABLE newsletter_subscriber (subscriber_id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id int(10) unsigned NOT NULL DEFAULT 0, subscriber_email varchar(150) DEFAULT NULL, subscriber_status int NOT NULL DEFAULT 0,
  subscriber_confirm_code varchar(32) DEFAULT NULL) DEFAULT CHARSET=utf8;
