import type { Person } from './directory.ts'

export const teamId = 'T0LOCAL0001'
export const otherTeamId = 'T0OTHER0001'
export const approverGroupId = 'S0APPROVERS'
export const opsChannelId = 'C0MAILOPS01'
export const generalChannelId = 'C0GENERAL01'

/** The user ids of the cast, by the part that each one plays. */
export const people = {
  approver: 'U0APPROVER1',
  secondApprover: 'U0APPROVER2',
  member: 'U0MEMBER001',
  /** Of the workspace, but not of the ops channel. */
  outsider: 'U0OUTSIDE01',
  /** A multi-channel guest, in the ops channel. */
  guest: 'U0GUEST0001',
  /** A single-channel guest, in the ops channel. */
  singleChannelGuest: 'U0ULTRA0001',
  /** Somebody of another company, in the ops channel by Slack Connect. */
  stranger: 'U0STRANGER1',
  /** Another app's bot user. */
  robot: 'U0ROBOT0001',
  deactivated: 'U0GONE00001',
  /** The bot user of the app under test. */
  bot: 'U0MAILLIMIT',
} as const

export const cast: readonly Person[] = [
  person(people.approver, 'hana', 'Hana Mori'),
  person(people.secondApprover, 'jun', 'Jun Sato'),
  person(people.member, 'mika', 'Mika Lind'),
  person(people.outsider, 'nao', 'Nao Berg'),
  { ...person(people.guest, 'gus', 'Gus Weber'), isRestricted: true },
  { ...person(people.singleChannelGuest, 'uma', 'Uma Roth'), isRestricted: true, isUltraRestricted: true },
  { ...person(people.stranger, 'stan', 'Stan Fremd'), teamId: otherTeamId, isStranger: true },
  { ...person(people.robot, 'deploybot', 'Deploy Bot'), isBot: true },
  { ...person(people.deactivated, 'gone', 'Gordon Gone'), deleted: true },
  { ...person(people.bot, 'maillimit', 'maillimit'), isBot: true },
]

function person(id: string, name: string, realName: string): Person {
  return {
    id,
    name,
    realName,
    teamId,
    isRestricted: false,
    isUltraRestricted: false,
    isStranger: false,
    isBot: false,
    deleted: false,
  }
}
