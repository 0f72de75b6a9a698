export type { RefreshCoordinator } from "./options/refresh-options.js";
export { type RedisClient, type RedisCoordinatorOptions, redisCoordinator } from "./redis/redis-coordinator.js";
