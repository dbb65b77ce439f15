import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** DynamoDB Local on the loopback interface: by itself it listens everywhere. */
public class DynamoOnLoopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(arguments);
        for (var field : DynamoDBProxyServer.class.getDeclaredFields()) {
            if (!Server.class.isAssignableFrom(field.getType())) {
                continue;
            }
            field.setAccessible(true);
            for (var connector : ((Server) field.get(proxy)).getConnectors()) {
                ((ServerConnector) connector).setHost("127.0.0.1");
            }
        }
        proxy.safeStart();
        System.out.println("DynamoDB listens");
        proxy.join();
    }
}
