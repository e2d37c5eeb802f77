import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import org.elasticsearch.analysis.common.CommonAnalysisPlugin;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.mapper.MapperExtrasPlugin;
import org.elasticsearch.index.reindex.ReindexPlugin;
import org.elasticsearch.join.ParentJoinPlugin;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.painless.PainlessPlugin;
import org.elasticsearch.percolator.PercolatorPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.script.mustache.MustachePlugin;
import org.elasticsearch.search.aggregations.matrix.MatrixAggregationPlugin;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * One Elasticsearch 7 node in this JVM, on loopback. Arguments: the home directory, the HTTP port.
 *
 * <p>Elasticsearch's own main class refuses root, and looks for its modules in folders of a distribution that is not on
 * Maven Central. Here the modules come from the class path. There is no security manager.
 */
public final class Node7 extends Node {

    private static final List<Class<? extends Plugin>> MODULES = List.of(
        Netty4Plugin.class,
        CommonAnalysisPlugin.class,
        MapperExtrasPlugin.class,
        MatrixAggregationPlugin.class,
        MustachePlugin.class,
        PainlessPlugin.class,
        ParentJoinPlugin.class,
        PercolatorPlugin.class,
        ReindexPlugin.class
    );

    private Node7(Settings settings, Path config, Collection<Class<? extends Plugin>> plugins) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Collections.emptyMap(), config, () -> "lab"), plugins, true);
    }

    @Override
    protected void configureNodeAndClusterIdStateListener(ClusterService clusterService) {
        // The inherited method adds the names of the node and the cluster to the lines of the log, which need neither.
    }

    public static void main(String[] args) throws Exception {
        Path home = Paths.get(args[0]).toAbsolutePath();
        for (String name : List.of("config", "data", "logs", "modules", "plugins")) {
            Files.createDirectories(home.resolve(name));
        }
        Settings settings = Settings.builder()
            .put("cluster.name", "lab")
            .put("node.name", "lab")
            .put("path.home", home.toString())
            .put("path.data", home.resolve("data").toString())
            .put("path.logs", home.resolve("logs").toString())
            .put("network.host", "127.0.0.1")
            .put("http.port", args[1])
            .put("transport.port", "0")
            .put("discovery.type", "single-node")
            // A disk that is 95 % full makes every index read-only.
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            // The suites create about two thousand collections, each with a shard.
            .put("cluster.max_shards_per_node", 10_000)
            .build();
        Node node = new Node7(settings, home.resolve("config"), MODULES);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }));
        node.start();
        Thread.currentThread().join();
    }
}
