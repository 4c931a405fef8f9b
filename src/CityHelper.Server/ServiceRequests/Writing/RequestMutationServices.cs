using CityHelper.Data.Changes;
using CityHelper.Data.ServiceRequests;
using CityHelper.Server.Changes;
using CityHelper.Server.Clients;
using CityHelper.Server.Database;
using Microsoft.Extensions.Options;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>Registers the mutations of requests.</summary>
internal static class RequestMutationServices
{
    /// <summary>Adds the writer and the input types. The host provides <see cref="WritingConnections"/> and a clock.</summary>
    public static IServiceCollection AddRequestMutations(this IServiceCollection services)
    {
        services.AddSingleton(s => new ChangeLog(s.GetRequiredService<WritingConnections>().Log));
        services.AddSingleton<IChangeDatabase>(s => s.GetRequiredService<ChangeLog>());
        services.AddSingleton<ChangeNumbering>();
        services.AddSingleton(s => new RequestWriter(
            s.GetRequiredService<WritingConnections>().Database,
            s.GetRequiredService<ChangeNumbering>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChangeSignals>();

        // Commands have no clients.
        services.AddSingleton(s => new ReportRate(
            (s.GetService<IOptions<ClientsSettings>>()?.Value ?? new ClientsSettings()).ByName, s.GetRequiredService<TimeProvider>()));
        return services
            .AddSingleton<ReportServiceRequestInputType>()
            .AddSingleton<UpdateServiceRequestStatusInputType>()
            .AddSingleton<AssignServiceRequestInputType>()
            .AddSingleton<CorrectServiceRequestInputType>()
            .AddSingleton<AddServiceRequestNoteInputType>()
            .AddSingleton<MergeDuplicateInputType>()
            .AddSingleton<LinkServiceRequestInputType>()
            .AddSingleton<RedactServiceRequestInputType>();
    }
}
