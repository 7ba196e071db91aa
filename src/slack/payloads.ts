import { z } from 'zod'

/** What Slack sends, as far as it is used. Unknown fields are ignored; a field of another shape makes the payload malformed. */

const id = z.string().min(1).max(255)

/** `team` is where the app is installed; whose the person is stands in `user.team_id`. */
const user = z.object({ id, team_id: id.optional() })

export const buttonPayload = z.object({
  type: z.literal('block_actions'),
  user,
  trigger_id: id.optional(),
  response_url: z.url().max(2000).optional(),
  channel: z.object({ id }).optional(),
  container: z
    .object({ message_ts: z.string().max(40).optional(), thread_ts: z.string().max(40).optional() })
    .optional(),
  actions: z
    .array(
      z.object({
        action_id: id,
        value: z.string().max(2000).optional(),
        action_ts: z.string().max(40).optional(),
      }),
    )
    .min(1),
})

export const commandPayload = z.object({
  command: id,
  text: z.string().max(8000).optional(),
  user_id: id,
  team_id: id.optional(),
  channel_id: id,
  trigger_id: id,
  response_url: z.url().max(2000).optional(),
})

export const submissionPayload = z.object({
  type: z.literal('view_submission'),
  user,
  view: z.object({
    id,
    callback_id: z.string().max(255),
    private_metadata: z.string().max(3000),
    state: z.object({
      values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().max(100).nullish() }))),
    }),
  }),
})

export const homePayload = z.object({
  team_id: id.optional(),
  event: z.object({ type: z.literal('app_home_opened'), user: id, tab: z.string().optional() }),
})

/** What the modal keeps between its opening and its submission. Written by us, but read back as if it were not. */
export const modalMemory = z.object({ incidentId: id, channel: id, threadTs: z.string().max(40).optional() })

export type ButtonPayload = z.infer<typeof buttonPayload>
export type CommandPayload = z.infer<typeof commandPayload>
export type SubmissionPayload = z.infer<typeof submissionPayload>
export type ModalMemory = z.infer<typeof modalMemory>
