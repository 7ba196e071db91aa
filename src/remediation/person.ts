/** Who clicked, as the directory (Slack) says at this moment. On any doubt `standing` is `unknown`, and the answer is no. */
export type Person = {
  readonly id: string
  readonly teamId: string
  readonly standing: Standing
  /** Listed in SLACK_APPROVERS, by id or through a user group. */
  readonly isApprover: boolean
  /** Member of the ops channel. */
  readonly isReader: boolean
}

/** Asks the directory about somebody else than whoever clicked; never throws. */
export type WhoIs = (userId: string) => Promise<Person>

export type Standing = 'member' | 'guest' | 'stranger' | 'bot' | 'deactivated' | 'unknown'
