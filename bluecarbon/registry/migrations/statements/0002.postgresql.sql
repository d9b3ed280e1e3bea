CREATE TABLE log_node (
	level BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	hash BYTEA NOT NULL, 
	PRIMARY KEY (level, position), 
	CONSTRAINT node_is_sha256 CHECK (length(hash) = 32)
)


;;
DROP INDEX open_block_holder
;;
CREATE INDEX open_block_holder ON credit_block (holder, batch, first) WHERE closed_by IS NULL
;;
CREATE FUNCTION log_node_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'log_node-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER log_node_delete BEFORE DELETE ON log_node FOR EACH ROW EXECUTE FUNCTION log_node_delete()
;;
ALTER TABLE log_node ENABLE ALWAYS TRIGGER log_node_delete
;;
CREATE FUNCTION log_node_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'log_node-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER log_node_update BEFORE UPDATE ON log_node FOR EACH ROW EXECUTE FUNCTION log_node_update()
;;
ALTER TABLE log_node ENABLE ALWAYS TRIGGER log_node_update
;;
CREATE FUNCTION log_node_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM log_node WHERE level = NEW.level AND position = NEW.position) THEN 'log_node-no-replace-level-position'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER log_node_insert BEFORE INSERT ON log_node FOR EACH ROW EXECUTE FUNCTION log_node_insert()
;;
ALTER TABLE log_node ENABLE ALWAYS TRIGGER log_node_insert
;;
CREATE FUNCTION log_node_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'log_node-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER log_node_truncate BEFORE TRUNCATE ON log_node FOR EACH STATEMENT EXECUTE FUNCTION log_node_truncate()
;;
ALTER TABLE log_node ENABLE ALWAYS TRIGGER log_node_truncate
