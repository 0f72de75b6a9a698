export type { RefreshCoordinator } from "./options/refresh-options.js";
export type { RedisClient } from "./redis/redis-command.js";
export { type RedisCoordinatorOptions, redisCoordinator } from "./redis/redis-coordinator.js";
