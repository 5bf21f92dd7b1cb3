import { IsIn, IsString, MaxLength, MinLength } from 'class-validator';

export const NOTICE_LEVELS = ['info', 'warning', 'critical'] as const;
export type NoticeLevel = (typeof NOTICE_LEVELS)[number];

/** Characters of a notice. */
export const MAX_NOTICE_LENGTH = 500;

/** What an operator tells every client. */
export class NoticeMessage {
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_NOTICE_LENGTH)
  message!: string;

  @IsIn(NOTICE_LEVELS)
  level: NoticeLevel = 'info';
}
