/** A decision of a person that reached the bot; stored before it is acted upon. */
export type Click = {
  /** Names this act for ever: derived from the envelope (trigger id, view id, action ts), the same when it is delivered twice. */
  readonly key: string
  readonly by: string
  readonly teamId: string
  readonly atMs: number
  readonly command: ClickCommand
  /** Where an answer for this person alone goes. */
  readonly channel: string
  readonly threadTs: string | undefined
}

export type ClickCommand =
  | { readonly kind: 'approve'; readonly remediationId: string }
  | { readonly kind: 'plan-other-value'; readonly incidentId: string; readonly value: number }
  | { readonly kind: 'look-again'; readonly incidentId: string }
  | { readonly kind: 'snooze'; readonly incidentId: string; readonly forMs: number }
  | { readonly kind: 'dismiss'; readonly incidentId: string }
  /** `/maillimit raise HOST SERVICE VALUE`. */
  | { readonly kind: 'raise'; readonly host: string; readonly service: string; readonly value: number }
  /** The button Roll back, or `/maillimit rollback ID`: makes a plan that is then approved like any other. */
  | { readonly kind: 'rollback'; readonly remediationId: string }
  | { readonly kind: 'reject'; readonly remediationId: string }
