CREATE TABLE log_node (
	level INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (level, position), 
	CONSTRAINT node_is_sha256 CHECK (length(hash) = 32)
)
 STRICT


;;
DROP INDEX open_block_holder
;;
CREATE INDEX open_block_holder ON credit_block (holder, batch, first) WHERE closed_by IS NULL
;;
CREATE TRIGGER log_node_no_delete BEFORE DELETE ON log_node WHEN 1
BEGIN SELECT RAISE(ABORT, 'log_node-no-delete'); END
;;
CREATE TRIGGER log_node_no_update BEFORE UPDATE ON log_node WHEN 1
BEGIN SELECT RAISE(ABORT, 'log_node-no-update'); END
;;
CREATE TRIGGER log_node_no_replace_level_position BEFORE INSERT ON log_node WHEN EXISTS (SELECT 1 FROM log_node WHERE level = NEW.level AND position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'log_node-no-replace-level-position'); END
