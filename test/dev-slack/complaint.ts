import { validateBlocks } from '../../dev/slack/validate/validate.ts'

/** The first complaint about a message of these blocks, as `pointer message`. */
export function complaint(
  blocks: unknown,
  surface: 'message' | 'modal' | 'home' = 'message',
): string | undefined {
  const [first] = validateBlocks(blocks, surface)
  return first && `${first.pointer} ${first.message}`
}
