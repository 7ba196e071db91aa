/** Slack waits 3 s for an acknowledgement and for a modal. Where that is not what a test is about, a busy machine is given more. */
export const PATIENT_SLACK = { ackWithinMs: 30_000, triggerTtlMs: 30_000 } as const
