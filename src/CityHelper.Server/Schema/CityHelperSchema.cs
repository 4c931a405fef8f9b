using CityHelper.Data.ServiceRequests;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Changes;
using CityHelper.Server.Cities;
using CityHelper.Server.ServiceRequests;
using CityHelper.Server.ServiceRequests.Writing;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Server.Schema;

/// <summary>The GraphQL schema: one line per feature.</summary>
public sealed class CityHelperSchema : GraphQL.Types.Schema
{
    public CityHelperSchema(
        IServiceProvider services,
        DatabaseModel database,
        ITenantDirectory cities,
        ITenantCalendars calendars,
        IAreaDirectory areas,
        LoggedRows logged,
        RequestWriter writer)
        : base(services)
    {
        Description = "Service requests (311) of many cities.";
        Directives.Register(new CacheControlDirective(), new CostDirective(), new ListSizeDirective(), SpecifiedBy());
        this.RegisterVisitor(new CostVisitor());
        var query = new ObjectGraphType { Name = "Query", Description = "What can be asked." };
        var fields = new QueryFields(query, database, services);
        fields.Nodes(ServiceRequestQueries.MaxAgeSeconds, ServiceRequestQueries.StaleWhileRevalidateSeconds);
        CityQueries.AddTo(fields, cities);
        ServiceRequestQueries.AddTo(fields, cities, calendars, areas);
        BoundaryQueries.AddTo(fields, cities, areas);
        var mutation = new ObjectGraphType { Name = "Mutation", Description = "What can be changed." };
        new ServiceRequestMutations(
            new MutationFields(mutation, database),
            writer,
            services.GetRequiredService<ReportRate>(),
            services.GetRequiredService<ChangeSignals>(),
            cities).Add();
        var subscription = new ObjectGraphType { Name = "Subscription", Description = "What can be followed." };
        ServiceRequestSubscriptions.AddTo(subscription, logged, cities);
        Query = query;
        Mutation = mutation;
        Subscription = subscription;
        EngineTypes.RegisterGeoJson(this);
    }

    private static Directive SpecifiedBy() =>
        new("specifiedBy", DirectiveLocation.Scalar)
        {
            Description = "Where the scalar's behaviour is specified.",
            Arguments = new QueryArguments(
                new QueryArgument<NonNullGraphType<StringGraphType>> { Name = "url", Description = "The specification." }),
        };
}
