import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Min,
  ValidateIf,
} from 'class-validator';
import { parseMessage } from '#protocol';

/** How one node is, told every second. */
export class NodeBeat {
  @Equals('beat') kind!: 'beat';
  @Length(1, 100) node!: string;
  @IsIn(['all', 'ingest', 'edge']) role!: string;
  @IsIn(['owner', 'unsure', 'alone', 'waiting', 'standby']) state!: string;
  /** Since when it is so, Unix ms. */
  @IsNumber() since!: number;
  @IsInt() @Min(0) clients!: number;
  /** Symbols it wants. */
  @IsInt() @Min(0) symbols!: number;
  /** Of the program. */
  @IsString() version!: string;
  /** Version of what it wants. */
  @IsInt() @Min(0) demand!: number;
  /** Of the owner: its term and epoch, and the version of the list of what it can carry. */
  @IsOptional() @IsInt() term?: number;
  @IsOptional() @IsString() epoch?: string;
  @IsOptional() @IsInt() carried?: number;
}

/** What a node wants has moved from one version to the next. */
export class DemandMoved {
  @Equals('demand') kind!: 'demand';
  @Length(1, 100) node!: string;
  /** After the change; the one before is one less. */
  @IsInt() @Min(1) demand!: number;
  /** Instrument ids. */
  @IsArray() @IsString({ each: true }) symbols!: string[];
  /** For each of them what is wanted now: a sum of `WANTED` and `FOLLOWED`, 0 for nothing. */
  @IsArray() @IsIn([0, 1, 2, 3], { each: true }) wants!: number[];
}

/** The lease has been given up. */
export class LeaseFree {
  @Equals('free') kind!: 'free';
  @Length(1, 100) node!: string;
}

/** A node ends. */
export class NodeGone {
  @Equals('gone') kind!: 'gone';
  @Length(1, 100) node!: string;
}

/** A node was told to forget cached quotes, and has deleted them in Redis. */
export class QuotesForgotten {
  @Equals('forget') kind!: 'forget';
  @Length(1, 100) node!: string;
  /** Instrument ids; absent for all. */
  @ValidateIf(({ symbols }: QuotesForgotten) => symbols !== undefined)
  @IsArray()
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  @Length(1, 64, { each: true })
  symbols?: string[];
}

export type NodeNews = NodeBeat | DemandMoved | LeaseFree | NodeGone | QuotesForgotten;

const KINDS = { beat: NodeBeat, demand: DemandMoved, free: LeaseFree, gone: NodeGone, forget: QuotesForgotten };

class Kind {
  @IsIn(Object.keys(KINDS)) kind!: keyof typeof KINDS;
}

/** Reads what a node has told. @throws InvalidMessageError or SyntaxError when it is nothing we understand: a later version may tell more */
export function readNews(text: string): NodeNews {
  const given: unknown = JSON.parse(text);
  const { kind } = parseMessage(Kind, given);
  return parseMessage<NodeNews>(KINDS[kind], given);
}
