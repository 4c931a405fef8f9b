using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Transport;
using CityHelper.Engine.Transport.Http;
using CityHelper.Server.Database;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityHelper.Tests.Engine.Mutations;

/// <summary>The engine with two example mutations, and a database that refuses connections.</summary>
internal sealed class MutationFixture : IDisposable
{
    private readonly ServiceProvider _services;

    public MutationFixture()
    {
        IServiceCollection services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(CityHelperDatabase.CreateDataSource("Host=127.0.0.1;Port=1;Timeout=1"))
            .AddSingleton(s => new WritingConnections("Host=127.0.0.1;Port=1;Timeout=1", s.GetRequiredService<ILoggerFactory>()))
            .AddCityHelperSchema()
            .AddSingleton<ChangeRowInputType>()
            .AddSingleton<AddRowInputType>()
            .AddSingleton<ISchema>(s =>
            {
                CityHelperSchema schema = ActivatorUtilities.CreateInstance<CityHelperSchema>(s);
                schema.Mutation = Mutations.Declare(s.GetRequiredService<DatabaseModel>());
                return schema;
            })
            .AddSingleton<IClientDirectory>(new OneClient(this))
            .AddSingleton<ITableStatistics, NoStatistics>()
            .AddSingleton(Keys)
            .AddSingleton(new GraphQLHttpOptions { BatchRequestsMax = 2 });
        _services = services.AddGraphQLEngine().BuildServiceProvider();
    }

    public static CursorKeys Keys { get; } = new(new CursorKey(new byte[CursorKey.KeyBytes]), Previous: null);

    public ExampleMutations Mutations { get; } = new();

    /// <summary>The client of all HTTP requests.</summary>
    public ClientProfile Client { get; set; } = new("tests", ClientMode.FreeText) { Writes = WriteAccess.All };

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async Task<Operation> CompileAsync(string text)
    {
        CompiledOperation compiled = await Get<OperationCompiler>().CompileAsync(text, operationName: null, CancellationToken.None);
        return compiled.Operation ?? throw new InvalidOperationException(string.Join('\n', compiled.Errors.Select(e => e.Message)));
    }

    /// <summary>Runs an operation with access to all mutations.</summary>
    public async Task<string> RunAsync(
        string text, string variables = "{}", RunOptions? options = null, CancellationToken cancellation = default)
    {
        using JsonDocument json = JsonDocument.Parse(variables);
        using OperationResult result = await Get<Pipeline>().ExecuteAsync(
            await CompileAsync(text),
            json.RootElement,
            options ?? new RunOptions { Writes = WriteAccess.All, Caller = new("tests") },
            cancellation);
        return System.Text.Encoding.UTF8.GetString(result.Json.ToArray());
    }

    public async Task<OperationPlan> PlanAsync(string text, string variables = "{}")
    {
        Operation operation = await CompileAsync(text);
        using JsonDocument json = JsonDocument.Parse(variables);
        return new Planner(Get<ISchema>()).Compile(operation, VariableValues.Coerce(operation.Variables, json.RootElement).Values!);
    }

    public void Dispose() => _services.Dispose();

    private sealed class OneClient(MutationFixture fixture) : IClientDirectory
    {
        public ClientProfile Identify(HttpRequest request) => fixture.Client;

        public ClientProfile? Identify(HttpRequest request, string? key, string? name) => fixture.Client;

        public bool AllowsOrigin(string origin) => false;
    }

    private sealed class NoStatistics : ITableStatistics
    {
        public TenantStatistics? Of(string table, short tenant) => null;
    }
}
