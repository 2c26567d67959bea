/** opening: not heard from yet; offline: without a connection, and tries to come back. */
export type SeatStatus = 'opening' | 'online' | 'offline' | 'closed';
