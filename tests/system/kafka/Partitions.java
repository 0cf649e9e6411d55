import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HexFormat;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/** Reads a hex key a line; writes the partition that Kafka's own Java producer chooses for it, of args[0]. */
public class Partitions {
    public static void main(String[] args) throws Exception {
        int partitions = Integer.parseInt(args[0]);
        BufferedReader keys = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder chosen = new StringBuilder();
        for (String key = keys.readLine(); key != null; key = keys.readLine()) {
            chosen.append(BuiltInPartitioner.partitionForKey(HexFormat.of().parseHex(key), partitions)).append('\n');
        }
        System.out.print(chosen);
    }
}
