/** How a part of the server is. `degraded`: it does less than it should, and the server goes on serving. */
export interface HealthReport {
  readonly state: 'up' | 'degraded' | 'down';
  readonly [detail: string]: unknown;
}

/** A part of the server whose health is told under `/health`. Only `isNeeded` parts that are down make the server not ready. */
export interface HealthSource {
  readonly name: string;
  readonly isNeeded?: boolean;
  report(): HealthReport;
}
