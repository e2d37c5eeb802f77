const column =
  "the error contains a column of the text that Kuzzle sends to Elasticsearch, and the embedded Kuzzle sends no such text"
const wording = "KuzzleFilter and Koncorde describe the fault of the filter with different words"

/**
 * The steps whose answers differ from those of the real Kuzzle, and why: scenario, step, reason. The suite fails if the answers
 * of a listed step are equal.
 */
export const differences: { readonly [scenario: string]: { readonly [step: string]: string } } = {
  "documents: search and count": {
    "search {\"query\":{\"bool\":{\"must\":[],\"foo\":1}}} {}": column
  },
  "queries: sorts": {
    "search {\"sort\":[{\"list\":{\"order\":\"asc\",\"mode\":\"nope\"}},\"_id\"],\"_source\":false} {}": column,
    "search {\"sort\":[{\"list\":{\"order\":\"desc\",\"mode\":\"nope\"}},\"_id\"],\"_source\":false} {}": column,
    "search {\"sort\":[{\"n\":{\"order\":\"up\"}}],\"_source\":false} {}": column
  },
  "aggregations: buckets": {
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"size\":0}}}} {\"size\":0}": column,
    "search {\"query\":{},\"aggs\":{\"a\":{\"histogram\":{\"field\":\"n\",\"interval\":0}}}} {\"size\":0}": column,
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"2d\"}}}} {\"size\":0}":
      column
  },
  "realtime: subscriptions": {
    "subscribe {\"body\":{\"foo\":{\"bar\":1}}}": wording,
    "subscribe {\"body\":{\"equals\":{}}}": wording,
    "subscribe {\"body\":{\"equals\":{\"a\":1},\"exists\":\"b\"}}": wording,
    "subscribe {\"body\":{\"range\":{\"a\":{\"gt\":\"x\"}}}}": wording
  }
}

/**
 * The requests that the embedded Kuzzle refuses with status 501, and the feature that its error names: scenario, step, feature.
 * The suite fails if a listed request is not refused.
 */
export const refusals: { readonly [scenario: string]: { readonly [step: string]: string } } = {
  // The real error is that of a Java cast (Elasticsearch 7.10.2, RootObjectMapper and DocumentMapperParser). The JVM omits its
  // message after it has compiled the code, so the answer is not always the same.
  "inputs: mappings and settings": {
    "collection:update {\"body\":{\"mappings\":{\"_meta\":\"x\"}}}": "a \"_meta\" that is no object",
    "collection:updateMapping {\"body\":{\"_meta\":\"x\"}}": "a \"_meta\" that is no object",
    "collection:create {\"collection\":\"new\",\"body\":{\"mappings\":{\"_meta\":\"x\"}}}":
      "a \"_meta\" that is no object"
  },
  "searches: nested documents": {
    "search {\"query\":{\"nested\":{\"path\":\"lines\",\"query\":{\"term\":{\"lines.sku\":\"apple\"}},\"inner_hits\":{}}}} {}":
      "\"inner_hits\" of the query clause \"nested\"",
    "search {\"query\":{\"nested\":{\"path\":\"lines\",\"query\":{\"range\":{\"lines.count\":{\"gte\":5}}},\"inner_hits\":{\"name\":\"large\",\"size\":1,\"_source\":[\"lines.sku\"]}}}} {}":
      "\"inner_hits\" of the query clause \"nested\""
  },
  "searches: places": {
    "search {\"query\":{\"geo_distance\":{\"distance\":\"700km\",\"at\":{\"lat\":48.8566,\"lon\":2.3522},\"distance_type\":\"plane\"}},\"sort\":[\"_id\"]} {}":
      "the distance type \"plane\"",
    "search {\"query\":{\"geo_bounding_box\":{\"at\":{\"wkt\":\"BBOX (0, 20, 60, 40)\"}}},\"sort\":[\"_id\"]} {}":
      "\"wkt\" in the query clause \"geo_bounding_box\"",
    "search {\"query\":{\"geo_polygon\":{\"at\":{\"points\":[{\"lat\":60,\"lon\":0},{\"lat\":60,\"lon\":20},{\"lat\":40,\"lon\":3}]}}},\"sort\":[\"_id\"]} {}":
      "the query clause \"geo_polygon\"",
    "search {\"query\":{\"geo_polygon\":{\"at\":{\"points\":[\"60,0\",\"40,3\"]}}},\"sort\":[\"_id\"]} {}":
      "the query clause \"geo_polygon\"",
    "search {\"query\":{},\"aggs\":{\"cells\":{\"geohash_grid\":{\"field\":\"at\",\"precision\":2}}}} {\"size\":0}":
      "the aggregation \"geohash_grid\"",
    "search {\"query\":{},\"aggs\":{\"tiles\":{\"geotile_grid\":{\"field\":\"at\",\"precision\":3}}}} {\"size\":0}":
      "the aggregation \"geotile_grid\""
  },
  "searches: parameters of mappings": {
    "search {\"query\":{\"term\":{\"f\":\"10.0.0.0/8\"}},\"sort\":[\"_id\"]} {\"index\":\"<run>\",\"collection\":\"p11\"}":
      "a search by the field \"f\" of type \"ip\"",
    "search {\"query\":{\"term\":{\"f\":2}},\"sort\":[\"_id\"]} {\"index\":\"<run>\",\"collection\":\"p12\"}":
      "a search by the field \"f\" of type \"integer_range\""
  },
  "searches: mappings that are refused": {
    "map {\"type\":\"date\",\"format\":\"yyyy/MM/dd\"}": "\"format\" in the mapping of the field \"f\"",
    "map {\"type\":\"date\",\"format\":\"epoch_second\"}": "\"format\" in the mapping of the field \"f\"",
    "map {\"type\":\"date\",\"format\":\"strict_date_optional_time\"}": "\"format\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"analyzer\":\"english\"}": "the analyzer \"english\"",
    "map {\"type\":\"text\",\"fielddata\":true}": "\"fielddata\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"norms\":false}": "\"norms\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"similarity\":\"boolean\"}": "\"similarity\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"index_options\":\"docs\"}": "\"index_options\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"position_increment_gap\":0}":
      "\"position_increment_gap\" in the mapping of the field \"f\"",
    "map {\"type\":\"text\",\"search_analyzer\":\"keyword\"}": "\"search_analyzer\" in the mapping of the field \"f\"",
    "map {\"type\":\"keyword\",\"boost\":2}": "\"boost\" in the mapping of the field \"f\"",
    "map {\"type\":\"alias\",\"path\":\"_id\"}": "\"path\" in the mapping of the field \"f\"",
    "map {\"type\":\"nested\",\"include_in_root\":true}": "\"include_in_root\" in the mapping of the field \"f\"",
    "map {\"type\":\"search_as_you_type\"}": "the type \"search_as_you_type\" of the field \"f\"",
    "map {\"type\":\"token_count\",\"analyzer\":\"standard\"}": "the type \"token_count\" of the field \"f\"",
    "map {\"type\":\"rank_feature\"}": "the type \"rank_feature\" of the field \"f\"",
    "map {\"type\":\"rank_features\"}": "the type \"rank_features\" of the field \"f\"",
    "map {\"type\":\"percolator\"}": "the type \"percolator\" of the field \"f\"",
    "map {\"type\":\"join\"}": "the type \"join\" of the field \"f\"",
    "map {\"type\":\"text\",\"analyzer\":\"mine\",\"settings\":{\"analysis\":{\"analyzer\":{\"mine\":{\"type\":\"custom\",\"tokenizer\":\"standard\",\"filter\":[\"lowercase\",\"asciifolding\"]}},\"normalizer\":{\"low\":{\"type\":\"custom\",\"filter\":[\"lowercase\"]}}}}}":
      "the setting \"analysis\"",
    "map {\"type\":\"keyword\",\"settings\":{\"index.blocks.write\":true}}": "the setting \"index.blocks.write\"",
    "map {\"type\":\"keyword\",\"settings\":{\"max_result_window\":20}}": "the setting \"max_result_window\""
  },
  "queries: words": {
    "search {\"query\":{\"multi_match\":{\"query\":\"quick fox\",\"fields\":[\"title\",\"body\"],\"type\":\"cross_fields\"}}} {}":
      "the type \"cross_fields\" of the query clause \"multi_match\"",
    "search {\"query\":{\"multi_match\":{\"query\":\"quick fox\",\"fields\":[\"t*\"]}}} {}":
      "a pattern as a field of the query clause \"multi_match\"",
    "search {\"query\":{\"multi_match\":{\"query\":\"quick fox\",\"fields\":[\"title\",\"body\"],\"fuzziness\":1}}} {}":
      "\"fuzziness\" of the query clause \"multi_match\"",
    "search {\"query\":{\"multi_match\":{\"query\":\"fox\"}}} {}":
      "all fields as those of the query clause \"multi_match\"",
    "search {\"query\":{\"match\":{\"body\":{\"query\":\"quick brown fox\",\"minimum_should_match\":\"2<75%\"}}}} {}":
      "the minimum_should_match \"2<75%\"",
    "search {\"query\":{\"match\":{\"body\":{\"query\":\"quick brown fox\",\"minimum_should_match\":\"x\"}}}} {}":
      "the minimum_should_match \"x\"",
    "search {\"query\":{\"match\":{\"body\":{\"query\":\"quick brown fox\",\"fuzziness\":\"AUTO\"}}}} {}":
      "\"fuzziness\" of the query clause \"match\"",
    "search {\"query\":{\"match\":{\"body\":{\"query\":\"!?\",\"zero_terms_query\":\"all\"}}}} {}":
      "\"zero_terms_query\" of the query clause \"match\"",
    "search {\"query\":{\"match_phrase\":{\"body\":{\"query\":\"brown fox\",\"slop\":2}}}} {}":
      "\"slop\" of the query clause \"match_phrase\"",
    "search {\"query\":{\"fuzzy\":{\"title\":\"fax\"}}} {}": "the query clause \"fuzzy\"",
    "search {\"query\":{\"regexp\":{\"tag\":\"a.*\"}}} {}": "the query clause \"regexp\"",
    "search {\"query\":{\"query_string\":{\"query\":\"title:fox AND tag:animal\"}}} {}":
      "the query clause \"query_string\"",
    "search {\"query\":{\"simple_query_string\":{\"query\":\"fox +quick\",\"fields\":[\"title\",\"body\"]}}} {}":
      "the query clause \"simple_query_string\"",
    "search {\"query\":{\"function_score\":{\"query\":{\"match\":{\"title\":\"fox\"}},\"weight\":2}}} {}":
      "the query clause \"function_score\"",
    "search {\"query\":{\"script_score\":{\"query\":{\"match\":{\"title\":\"fox\"}},\"script\":{\"id\":\"x\"}}}} {}":
      "the query clause \"script_score\"",
    "search {\"query\":{\"more_like_this\":{\"fields\":[\"title\"],\"like\":\"fox\"}}} {}":
      "the query clause \"more_like_this\"",
    "search {\"query\":{\"terms_set\":{\"tag\":{\"terms\":[\"animal\"],\"minimum_should_match_field\":\"n\"}}}} {}":
      "the query clause \"terms_set\"",
    "search {\"query\":{\"intervals\":{\"body\":{\"match\":{\"query\":\"quick\"}}}}} {}":
      "the query clause \"intervals\"",
    "search {\"query\":{\"distance_feature\":{\"field\":\"n\",\"origin\":1,\"pivot\":1}}} {}":
      "the query clause \"distance_feature\"",
    "search {\"query\":{\"span_term\":{\"body\":\"quick\"}}} {}": "the query clause \"span_term\"",
    "search {\"query\":{\"wrapper\":{\"query\":\"e30=\"}}} {}": "the query clause \"wrapper\"",
    "search {\"query\":{\"terms\":{\"tag\":{\"index\":\"x\",\"id\":\"y\",\"path\":\"z\"}}}} {}":
      "terms that are looked up in a document",
    "search {\"query\":{\"term\":{\"tag\":{\"value\":\"animal\",\"boost\":-1}}}} {}": "a negative boost",
    "search {\"query\":{\"match\":{\"title\":\"fox\"}},\"highlight\":{\"fields\":{\"title\":{}}}} {}":
      "\"highlight\" in a search",
    "search {\"query\":{\"match\":{\"title\":\"fox\"}},\"suggest\":{\"s\":{\"text\":\"fax\",\"term\":{\"field\":\"title\"}}}} {}":
      "\"suggest\" in a search",
    "search {\"collapse\":{\"field\":\"tag\",\"inner_hits\":{\"name\":\"x\"}}} {}":
      "\"inner_hits\" of \"collapse\" in a search",
    "search {\"collapse\":{\"field\":\"tag\"},\"sort\":[\"tag\"],\"search_after\":[\"animal\"]} {}":
      "a \"collapse\" of pages",
    "search {\"collapse\":{\"field\":\"tag\"}} {\"scroll\":\"1s\"}": "a \"collapse\" of pages"
  },
  "queries: date math": {
    "search {\"query\":{\"range\":{\"at\":{\"gte\":\"01/2020\",\"format\":\"MM/yyyy\"}}},\"sort\":[\"_id\"]} {}":
      "\"format\" of the query clause \"range\"",
    "search {\"query\":{\"range\":{\"at\":{\"gte\":\"2020\",\"format\":\"yyyy\"}}},\"sort\":[\"_id\"]} {}":
      "\"format\" of the query clause \"range\"",
    "search {\"query\":{\"range\":{\"at\":{\"gte\":\"2020-01-01\",\"time_zone\":\"+01:00\"}}},\"sort\":[\"_id\"]} {}":
      "\"time_zone\" of the query clause \"range\"",
    "search {\"query\":{\"range\":{\"at\":{\"gte\":\"2020-01-01T00:00:00\",\"time_zone\":\"Europe/Paris\"}}},\"sort\":[\"_id\"]} {}":
      "\"time_zone\" of the query clause \"range\"",
    "search {\"query\":{\"range\":{\"at\":{\"gte\":\"2020-01-01\",\"relation\":\"within\"}}},\"sort\":[\"_id\"]} {}":
      "\"relation\" of the query clause \"range\"",
    "search {\"sort\":[{\"at\":{\"order\":\"asc\",\"format\":\"yyyy\"}}]} {}": "\"format\" of the sort by \"at\""
  },
  "queries: sorts": {
    "search {\"sort\":[{\"n\":{\"order\":\"asc\",\"foo\":1}}],\"_source\":false} {}": "\"foo\" of the sort by \"n\"",
    "search {\"sort\":[{\"n\":{\"order\":\"asc\",\"numeric_type\":\"double\"}},\"_id\"],\"_source\":false} {}":
      "\"numeric_type\" of the sort by \"n\""
  },
  "aggregations: metrics": {
    "search {\"query\":{},\"aggs\":{\"a\":{\"min\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"min\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"max\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"max\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"avg\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"avg\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"sum\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"sum\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"stats\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"stats\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"extended_stats\":{\"field\":\"ok\"}}}} {\"size\":0}":
      "the aggregation \"extended_stats\" of dates and booleans",
    "search {\"query\":{},\"aggs\":{\"a\":{\"extended_stats\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"extended_stats\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"value_count\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"value_count\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"cardinality\":{\"field\":\"n\",\"format\":\"0.0\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"cardinality\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"percentiles\":{\"field\":\"n\"}}}} {\"size\":0}":
      "the aggregation \"percentiles\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"percentile_ranks\":{\"field\":\"n\",\"values\":[5]}}}} {\"size\":0}":
      "the aggregation \"percentile_ranks\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"median_absolute_deviation\":{\"field\":\"n\"}}}} {\"size\":0}":
      "the aggregation \"median_absolute_deviation\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"weighted_avg\":{\"value\":{\"field\":\"n\"},\"weight\":{\"field\":\"price\"}}}}} {\"size\":0}":
      "the aggregation \"weighted_avg\"",
    "search {\"query\":{},\"aggs\":{\"by\":{\"terms\":{\"field\":\"name\"},\"aggs\":{\"best\":{\"top_hits\":{\"size\":1,\"highlight\":{}}}}}}} {\"size\":0}":
      "\"highlight\" of the aggregation \"top_hits\""
  },
  "aggregations: buckets": {
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"tags\",\"include\":\"r.*\"}}}} {\"size\":0}":
      "a pattern as \"include\" of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"min_doc_count\":0}}}} {\"size\":0}":
      "\"min_doc_count\" 0 of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"size\":1,\"shard_size\":5}}}} {\"size\":0}":
      "\"shard_size\" of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"order\":{\"absent\":\"asc\"}}}}} {\"size\":0}":
      "the order by \"absent\" of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"foo\":1}}}} {\"size\":0}":
      "\"foo\" of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"terms\":{\"field\":\"name\",\"script\":{\"id\":\"x\"}}}}} {\"size\":0}":
      "\"script\" of the aggregation \"terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"histogram\":{\"field\":\"n\",\"interval\":5,\"order\":{\"_key\":\"desc\"}}}}} {\"size\":0}":
      "\"order\" of the aggregation \"histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_range\":{\"field\":\"at\",\"ranges\":[{\"to\":\"2020-02-01\"}],\"format\":\"yyyy\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"date_range\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_range\":{\"field\":\"at\",\"ranges\":[{\"to\":\"2020-02-01\"}],\"time_zone\":\"+01:00\"}}}} {\"size\":0}":
      "\"time_zone\" of the aggregation \"date_range\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\",\"time_zone\":\"Europe/Paris\"}}}} {\"size\":0}":
      "\"time_zone\" of the aggregation \"date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\",\"format\":\"yyyy-MM\"}}}} {\"size\":0}":
      "\"format\" of the aggregation \"date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\",\"offset\":\"+1d\"}}}} {\"size\":0}":
      "\"offset\" of the aggregation \"date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\",\"order\":{\"_count\":\"desc\"}}}}} {\"size\":0}":
      "\"order\" of the aggregation \"date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"date_histogram\":{\"field\":\"at\",\"interval\":\"1d\"}}}} {\"size\":0}":
      "\"interval\" of the aggregation \"date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"missing\":{\"field\":\"n\",\"missing\":1}}}} {\"size\":0}":
      "\"missing\" of the aggregation \"missing\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"composite\":{\"sources\":[{\"month\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\",\"format\":\"yyyy\"}}}]}}}} {\"size\":0}":
      "\"format\" of the aggregation \"composite: date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"significant_terms\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"significant_terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"rare_terms\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"rare_terms\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"sampler\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"sampler\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"adjacency_matrix\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"adjacency_matrix\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"auto_date_histogram\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"auto_date_histogram\"",
    "search {\"query\":{},\"aggs\":{\"a\":{\"ip_range\":{\"field\":\"name\"}}}} {\"size\":0}":
      "the aggregation \"ip_range\"",
    "search {\"query\":{},\"aggs\":{\"months\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\"},\"aggs\":{\"a\":{\"avg_bucket\":{\"buckets_path\":\"months>_count\"}}}}}} {\"size\":0}":
      "the aggregation \"avg_bucket\"",
    "search {\"query\":{},\"aggs\":{\"months\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\"},\"aggs\":{\"a\":{\"derivative\":{\"buckets_path\":\"_count\"}}}}}} {\"size\":0}":
      "the aggregation \"derivative\"",
    "search {\"query\":{},\"aggs\":{\"months\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\"},\"aggs\":{\"a\":{\"cumulative_sum\":{\"buckets_path\":\"_count\"}}}}}} {\"size\":0}":
      "the aggregation \"cumulative_sum\"",
    "search {\"query\":{},\"aggs\":{\"months\":{\"date_histogram\":{\"field\":\"at\",\"calendar_interval\":\"month\"},\"aggs\":{\"a\":{\"bucket_sort\":{\"size\":1}}}}}} {\"size\":0}":
      "the aggregation \"bucket_sort\""
  }
}

const lab = "it depends on the settings of the server"
const machine = "it depends on the machine (serverController.js, `info`: `process` and `os`)"
const storageInfo = "it depends on the machine (elasticsearch.js, `info`: the statistics of Elasticsearch's cluster)"
const cacheInfo = "it depends on the machine (redis.js, `info`: Redis's own INFO)"

const ofCache = (name: string) => ({
  [`result/serverInfo/services/${name}/memoryPeak`]: cacheInfo,
  [`result/serverInfo/services/${name}/memoryUsed`]: cacheInfo
})

const ofStorage = (name: string) => ({
  [`result/serverInfo/services/${name}/status`]: storageInfo,
  [`result/serverInfo/services/${name}/spaceUsed`]: storageInfo,
  [`result/serverInfo/services/${name}/nodes`]: storageInfo
})

const ofConfiguredCache = (name: string) => ({
  [`result/services/${name}/node`]: lab,
  [`result/services/${name}/options`]: lab
})

/** The parts of answers that are not compared, and why: name, path, reason. */
export const hidden = {
  info: {
    "result/serverInfo/kuzzle/application": lab,
    "result/serverInfo/kuzzle/memoryUsed": machine,
    "result/serverInfo/kuzzle/nodeVersion": machine,
    "result/serverInfo/kuzzle/system/cpus": machine,
    "result/serverInfo/kuzzle/system/memory": machine,
    "result/serverInfo/kuzzle/uptime": machine,
    ...ofCache("internalCache"),
    ...ofCache("memoryStorage"),
    ...ofStorage("internalStorage"),
    ...ofStorage("publicStorage")
  },
  capabilities: { "result/limits/loginsPerSecond": lab },
  getConfig: {
    "result/limits/loginsPerSecond": lab,
    "result/server/port": lab,
    "result/cluster/ports": lab,
    ...ofConfiguredCache("internalCache"),
    ...ofConfiguredCache("memoryStorage"),
    "result/services/storageEngine/client": lab,
    "result/internal/hash/seed": "each server has its own, from which room ids are derived",
    "result/_": "it contains arguments of the command line (of the package rc, which reads Kuzzle's configuration)",
    "result/config": "it is the path of the configuration (rc)",
    "result/configs": "it contains the paths of the configuration (rc)"
  },
  nodeVersion: { result: machine }
}
