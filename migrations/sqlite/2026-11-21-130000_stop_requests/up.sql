-- Somebody asked to stop a run that another process carries out.
ALTER TABLE runs ADD COLUMN stop_requested INTEGER NOT NULL DEFAULT 0
    CONSTRAINT run_stop_requested CHECK (stop_requested IN (0, 1));
