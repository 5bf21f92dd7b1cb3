/** What the vendor says about one value: `ConvNumber` is a price, `timestamp` Unix seconds. */
interface Field {
  readonly fid: string;
  readonly fld: string;
  readonly dataType: 'ConvNumber' | 'Number' | 'timestamp';
  readonly details: string;
}

type Row = readonly [fid: string, fld: string, dataType: Field['dataType']];

/** Values of a share, future or option in their order. The vendor's client knows s104, s105, s113 and s121 by number; the other numbers are ours. */
const SCRIP: readonly Row[] = [
  ['s105', 'ltp', 'ConvNumber'],
  ['s104', 'v', 'Number'],
  ['s106', 'ltt', 'timestamp'],
  ['s107', 'fdtm', 'timestamp'],
  ['s108', 'bq', 'Number'],
  ['s109', 'bs', 'Number'],
  ['s110', 'bp', 'ConvNumber'],
  ['s111', 'sp', 'ConvNumber'],
  ['s112', 'ltq', 'Number'],
  ['s114', 'tbq', 'Number'],
  ['s115', 'tsq', 'Number'],
  ['s113', 'ap', 'ConvNumber'],
  ['s116', 'oi', 'Number'],
  ['s117', 'lo', 'ConvNumber'],
  ['s118', 'h', 'ConvNumber'],
  ['s119', 'yh', 'ConvNumber'],
  ['s120', 'yl', 'ConvNumber'],
  ['s122', 'lcl', 'ConvNumber'],
  ['s123', 'ucl', 'ConvNumber'],
  ['s124', 'op', 'ConvNumber'],
  ['s121', 'c', 'ConvNumber'],
];
const INDEX: readonly Row[] = [
  ['i102', 'iv', 'ConvNumber'],
  ['i103', 'ic', 'ConvNumber'],
  ['i104', 'tvalue', 'timestamp'],
  ['i105', 'highPrice', 'ConvNumber'],
  ['i106', 'lowPrice', 'ConvNumber'],
  ['i107', 'openingPrice', 'ConvNumber'],
];
/** Change, its percentage and turnover, which the client works out, of a share and then of an index. */
const DERIVED: readonly Row[] = [
  ['f101', 'cng', 'ConvNumber'],
  ['f102', 'nc', 'ConvNumber'],
  ['f103', 'to', 'ConvNumber'],
  ['f104', 'cng', 'ConvNumber'],
  ['f105', 'nc', 'ConvNumber'],
];

/** Stream configuration, without which the vendor's client cannot read a value. */
export const STREAM_CONFIGURATION: string = JSON.stringify({
  fields: [...SCRIP, ...INDEX, ...DERIVED].map(([fid, fld, dataType]): Field => ({ fid, fld, dataType, details: fld })),
  scrip: SCRIP.map(([fid]) => fid),
  index: INDEX.map(([fid]) => fid),
  depth: [],
  scrip_lite: { hfid: 1 },
  index_lite: { hfid: 1 },
});
