/** Why something was said or not said about an incident; labels the audit, logs and metrics. */
export type Reason =
  | 'first-hit'
  | 'more-hits'
  /** The first hit at the new value of a change that was made since the incident began. */
  | 'hit-after-change'
  /** A connection from before the reload; no recurrence. */
  | 'hit-at-old-value'
  /** Old when it arrived: goes to the `away` message of the host. */
  | 'too-old'
  | 'snoozed'
  | 'dismissed'
  | 'unsnoozed'
  | 'reopened'
  | 'quiet-resolved'
  /** Folded into the one message about many users. */
  | 'storm'
  /** A hit of an incident that was folded; it gets its own alert now. */
  | 'storm-over'
  | 'nothing-to-say'
