using CityHelper.Engine.Clients;
using StackExchange.Redis;

namespace CityHelper.Server.Operations;

/// <summary>The outcome of publishing an operation.</summary>
public enum Publication
{
    /// <summary>Servers find it from now on.</summary>
    Published,

    /// <summary>It was there already, for this client too.</summary>
    Unchanged,

    /// <summary>Its id holds another text, which is kept.</summary>
    OtherText,
}

/// <summary>One operation of one client in Redis; name and client are empty when another tool wrote it.</summary>
public sealed record PublishedOperation(string Id, string Client, string Name);

/// <summary>The published operations in Redis.</summary>
/// <param name="Operations">One for each client of an operation.</param>
/// <param name="Texts">Their texts by their ids.</param>
/// <param name="Tampered">Ids whose value is not their text.</param>
public sealed record PublishedOperations(
    IReadOnlyList<PublishedOperation> Operations, IReadOnlyDictionary<string, string> Texts, IReadOnlyList<string> Tampered);

/// <summary>Publishes operations to the servers that share a Redis, and lists them.</summary>
public sealed class OperationPublisher(IConnectionMultiplexer redis)
{
    private readonly IDatabase _database = redis.GetDatabase();

    /// <summary>Publishes an operation. Never overwrites a text.</summary>
    /// <exception cref="RedisException">Redis does not answer, or refuses.</exception>
    public async Task<Publication> PublishAsync(ManifestOperation operation)
    {
        // The text goes first: a server needs nothing else, and repeating an interrupted publication adds the rest.
        RedisValue before = await _database.StringSetAndGetAsync(
            operation.Id, operation.Body, expiry: null, keepTtl: false, When.NotExists);
        if (!before.IsNull && before != operation.Body)
        {
            return Publication.OtherText;
        }

        // Another tool may have given it a time to live.
        await _database.KeyPersistAsync(operation.Id);
        bool added = await _database.HashSetAsync(OperationKeys.Clients(operation.Id), operation.Client, operation.Name);
        return before.IsNull || added ? Publication.Published : Publication.Unchanged;
    }

    /// <summary>All published operations.</summary>
    /// <exception cref="RedisException">Redis does not answer, or refuses.</exception>
    public async Task<PublishedOperations> ListAsync(CancellationToken cancellation)
    {
        List<PublishedOperation> operations = [];
        Dictionary<string, string> texts = [];
        List<string> tampered = [];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        IServer server = redis.GetServers().First(s => s.IsConnected && !s.IsReplica);
        IAsyncEnumerable<RedisKey> keys = server.KeysAsync(_database.Database, OperationKeys.IdPattern, Limits.RedisScanKeys);
        await foreach (RedisKey key in keys.WithCancellation(cancellation))
        {
            // A scan may return a key twice.
            string id = key.ToString();
            if (!seen.Add(id))
            {
                continue;
            }

            if (OperationKeys.TextOf(id, await OperationKeys.ReadAsync(_database, key)) is not { } text)
            {
                tampered.Add(id);
                continue;
            }

            texts.Add(id, text);

            HashEntry[] clients = await _database.HashGetAllAsync(OperationKeys.Clients(id));
            operations.AddRange(clients.Length == 0
                ? [new PublishedOperation(id, "", "")]
                : clients.Select(entry => new PublishedOperation(id, entry.Name.ToString(), entry.Value.ToString())));
        }

        return new PublishedOperations(operations, texts, tampered);
    }
}
