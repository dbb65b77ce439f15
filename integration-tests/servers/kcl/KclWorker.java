import java.net.URI;
import java.nio.charset.StandardCharsets;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig.ClientVersionConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of the Kinesis Client Library, in its mode compatible with version 2, that writes each
 * record to standard output, on a line of its own behind "REC ", and then keeps its position.
 */
public class KclWorker {
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static class Processor implements ShardRecordProcessor {
        String shard;

        public void initialize(InitializationInput input) {
            shard = input.shardId();
            say("INIT " + shard + " " + input.extendedSequenceNumber());
        }

        public void processRecords(ProcessRecordsInput input) {
            input.records().forEach(record -> say("REC " + StandardCharsets.UTF_8.decode(record.data())));
            if (!input.records().isEmpty()) {
                try {
                    input.checkpointer().checkpoint();
                } catch (Exception error) {
                    say("REFUSED " + shard + " " + error);
                }
            }
        }

        public void leaseLost(LeaseLostInput input) {
            say("LOST " + shard);
        }

        public void shardEnded(ShardEndedInput input) {
            try {
                input.checkpointer().checkpoint();
                say("END " + shard);
            } catch (Exception error) {
                say("REFUSED " + shard + " " + error);
            }
        }

        public void shutdownRequested(ShutdownRequestedInput input) {
            say("STOP " + shard);
        }
    }

    static NettyNioAsyncHttpClient.Builder http() {
        // By itself it wants HTTP/2 over TLS.
        return NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).maxConcurrency(100);
    }

    public static void main(String[] arguments) {
        URI kinesisAt = URI.create(arguments[0]);
        URI dynamoAt = URI.create(arguments[1]);
        String stream = arguments[2];
        String table = arguments[3];
        String worker = arguments[4];
        long failover = Long.parseLong(arguments[5]);
        var who = StaticCredentialsProvider.create(AwsBasicCredentials.create("x", "y"));
        var kinesis = KinesisAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(who)
                .endpointOverride(kinesisAt).httpClientBuilder(http()).build();
        var dynamo = DynamoDbAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(who)
                .endpointOverride(dynamoAt).httpClientBuilder(http()).build();
        // Nobody listens there: metrics are not sent.
        var metrics = CloudWatchAsyncClient.builder().region(Region.US_EAST_1).credentialsProvider(who)
                .endpointOverride(URI.create("http://127.0.0.1:9")).build();
        var configs = new ConfigsBuilder(stream, table, kinesis, dynamo, metrics, worker, Processor::new);
        var leases = configs.leaseManagementConfig();
        leases.failoverTimeMillis(failover).shardSyncIntervalMillis(1000)
                .leasesRecoveryAuditorExecutionFrequencyMillis(2000)
                .leasesRecoveryAuditorInconsistencyConfidenceThreshold(1);
        leases.workerUtilizationAwareAssignmentConfig().disableWorkerMetrics(true)
                .inMemoryWorkerMetricsCaptureFrequencyMillis(1000).workerMetricsReporterFreqInMillis(1000);
        var coordinator = configs.coordinatorConfig();
        coordinator.parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(100)
                .schedulerInitializationBackoffTimeMillis(200);
        coordinator.clientVersionConfig(ClientVersionConfig.CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X);
        var retrieval = configs.retrievalConfig();
        retrieval.initialPositionInStreamExtended(
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
        retrieval.retrievalSpecificConfig(new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200));
        new Scheduler(configs.checkpointConfig(), coordinator, leases, configs.lifecycleConfig(),
                configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(),
                retrieval).run();
    }
}
